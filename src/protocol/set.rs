//! `--set key.path=value`: one key of a protocol, from the command line.

use super::Protocol;
use super::error::{Problem, ProtocolError};
use super::explain::{self, Origin};
use toml::{Table, Value};

/// Pairs of keys that exclude each other: setting one removes the other.
const RIVALS: &[(&str, &str)] = &[
    (
        "acquisition.parallel.offset_mm",
        "acquisition.parallel.centre_column",
    ),
    ("acquisition.fan.offset_mm", "acquisition.fan.centre_column"),
    ("forward.inpainting.keep", "forward.inpainting.box"),
    ("method.dps.weight", "method.dps.zeta"),
    ("method.mcg.weight", "method.mcg.zeta"),
];

impl Protocol {
    /// Sets one key: `acquisition.cartesian.snr=20`. See [`Protocol::set_all`].
    ///
    /// # Errors
    /// Those of [`Protocol::set_all`].
    pub fn set(&mut self, argument: &str) -> Result<(), ProtocolError> {
        self.set_all(&[argument])
    }

    /// Sets keys in order, then checks the whole. Values are TOML; what is not TOML is a string.
    ///
    /// # Errors
    /// As for a file, with the argument in the place of line and column; the protocol is then as
    /// it was.
    pub fn set_all<S: AsRef<str>>(&mut self, arguments: &[S]) -> Result<(), ProtocolError> {
        if arguments.is_empty() {
            return Ok(());
        }
        let mut document = Table::try_from(&*self)?;
        let mut parsed = Vec::new();
        for argument in arguments {
            let (path, value) = split(argument.as_ref())?;
            if let Some(rival) = rival(&path) {
                remove(&mut document, rival);
            }
            parsed.push((path, argument.as_ref().to_string(), value));
        }
        for (path, argument, value) in &parsed {
            insert(&mut document, path, value.clone()).map_err(|key| {
                refuse(argument, path, format!("`{key}` is a value, not a table"))
            })?;
        }
        let places: Vec<(String, String)> = parsed
            .into_iter()
            .map(|(path, argument, _)| (path, argument))
            .collect();
        let text = toml::to_string(&document)?;
        *self = explain::parse(&text, &Origin::Arguments(&places))?;
        Ok(())
    }
}

/// `key.path=value` as its path and value.
fn split(argument: &str) -> Result<(String, Value), ProtocolError> {
    let bad = |what: &str| Err(refuse(argument, "", what.to_string()));
    let Some((path, value)) = argument.split_once('=') else {
        return bad("expected key.path=value, there is no `=`");
    };
    let path: Vec<&str> = path.split('.').map(str::trim).collect();
    if path.iter().any(|key| key.is_empty()) {
        return bad("expected key.path=value, a key is empty");
    }
    Ok((path.join("."), value_of(value.trim())))
}

/// A TOML value, or the text itself where it is none.
fn value_of(text: &str) -> Value {
    let document: Result<Table, _> = toml::from_str(&format!("value = {text}"));
    match document {
        Ok(mut table) if table.len() == 1 => table.remove("value"),
        _ => None,
    }
    .unwrap_or_else(|| Value::String(text.to_string()))
}

fn rival(path: &str) -> Option<&'static str> {
    RIVALS.iter().find_map(|(a, b)| match path {
        _ if path == *a => Some(*b),
        _ if path == *b => Some(*a),
        _ => None,
    })
}

fn remove(document: &mut Table, path: &str) {
    match path.split_once('.') {
        None => {
            document.remove(path);
        }
        Some((first, rest)) => {
            if let Some(Value::Table(inner)) = document.get_mut(first) {
                remove(inner, rest);
            }
        }
    }
}

/// Writes a value, making the tables on its way; the error is the key that is no table.
fn insert(document: &mut Table, path: &str, value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_once('.') else {
        document.insert(path.to_string(), value);
        return Ok(());
    };
    let inner = document
        .entry(first)
        .or_insert_with(|| Value::Table(Table::new()));
    match inner {
        Value::Table(inner) => insert(inner, rest, value),
        _ => Err(first.to_string()),
    }
}

fn refuse(argument: &str, key: &str, message: String) -> ProtocolError {
    ProtocolError::Argument(Problem {
        key: key.to_string(),
        place: Some(format!("--set {argument}")),
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Contrast, Method, Pattern, Weight};
    use super::*;

    fn brain() -> Protocol {
        Protocol::find("mri/brain-cartesian-r4").unwrap()
    }

    fn said(argument: &str) -> String {
        let mut protocol = brain();
        let error = protocol.set(argument).unwrap_err();
        assert_eq!(protocol, brain(), "a refused argument changed something");
        error.to_string()
    }

    #[test]
    fn values_are_toml_and_bare_words_are_strings() {
        let mut protocol = brain();
        let arguments = [
            "title=A new one",
            "acquisition.cartesian.matrix=[128, 96]",
            "acquisition.cartesian.acceleration=3",
            "acquisition.cartesian.pattern=equispaced",
            "acquisition.cartesian.contrast = \"t2\"",
            "prior.model=/data/my prior.safetensors",
            "method.bridge.pullback=false",
            "method.unconditional.samples=4",
            "method.dps={zeta = 1, steps = 50}",
        ];
        protocol.set_all(&arguments).unwrap();
        assert_eq!(protocol.title, "A new one");
        let acquisition = protocol.acquisition.as_ref().unwrap();
        let table = acquisition.cartesian().unwrap();
        assert_eq!(table.matrix, [128, 96]);
        assert_eq!(table.acceleration, 3.0);
        assert_eq!(table.pattern, Pattern::Equispaced);
        assert_eq!(table.contrast, Contrast::T2);
        let prior = protocol.prior.as_ref().unwrap();
        assert_eq!(prior.model, "/data/my prior.safetensors");
        assert!(!protocol.method.bridge.as_ref().unwrap().pullback);
        assert_eq!(protocol.method.unconditional.as_ref().unwrap().samples, 4);
        let dps = protocol.method.dps.as_ref().unwrap();
        assert_eq!((dps.zeta, dps.steps), (Some(1.0), 50));
    }

    #[test]
    fn a_table_that_is_not_there_is_made() {
        let mut protocol = Protocol::find("mri/cartesian").unwrap();
        protocol.set("method.bridge.levels=5").unwrap();
        let Method::Bridge(bridge) = protocol.method.get("bridge").unwrap() else {
            panic!("not the bridge");
        };
        assert_eq!((bridge.levels, bridge.samples), (5, 8));
    }

    #[test]
    fn zeta_takes_the_place_of_weight_and_back() {
        let mut protocol = brain();
        protocol.set("method.dps.zeta=1.0").unwrap();
        let dps = protocol.method.dps.as_ref().unwrap();
        assert_eq!((dps.weight, dps.zeta), (None, Some(1.0)));
        protocol.set("method.dps.weight=sigma").unwrap();
        let dps = protocol.method.dps.as_ref().unwrap();
        assert_eq!((dps.weight, dps.zeta), (Some(Weight::Sigma), None));
    }

    #[test]
    fn the_axis_of_a_scan_is_said_once() {
        let mut protocol = Protocol::find("ct/head-sparse60").unwrap();
        let said = |protocol: &Protocol| {
            let scan = protocol
                .acquisition
                .as_ref()
                .unwrap()
                .projections()
                .unwrap();
            (scan.offset_mm, scan.centre_column)
        };
        assert_eq!(said(&protocol), (Some(0.6429), None));
        protocol.set("acquisition.fan.centre_column=180").unwrap();
        assert_eq!(said(&protocol), (None, Some(180.0)));
        protocol.set("acquisition.fan.offset_mm=1").unwrap();
        assert_eq!(said(&protocol), (Some(1.0), None));
        let both = [
            "acquisition.fan.offset_mm=1",
            "acquisition.fan.centre_column=2",
        ];
        assert!(protocol.set_all(&both).is_err());
        protocol.set("method.mcg.zeta=0.1").unwrap();
        let mcg = protocol.method.mcg.as_ref().unwrap();
        assert_eq!((mcg.weight, mcg.zeta), (None, Some(0.1)));
    }

    #[test]
    fn errors_carry_the_argument() {
        let typo = said("acquisition.cartesian.accelration=4");
        assert!(
            typo.starts_with(
                "--set acquisition.cartesian.accelration=4: unknown key `accelration` in \
                 [acquisition.cartesian]; did you mean `acceleration`? (keys: matrix,"
            ),
            "{typo}"
        );
        let table = said("metod.bridge.levels=4");
        assert!(table.contains("unknown key `metod` at the top level; did you mean `method`?"));
        let low = said("method.bridge.levels=1");
        let expected = "--set method.bridge.levels=1: `method.bridge.levels` = 1: must be";
        assert!(low.starts_with(expected), "{low}");
        let word = said("method.bridge.levels=many");
        assert!(
            word.contains("expected a whole number, 0 or more, got string \"many\""),
            "{word}"
        );
        assert!(said("title.a=1").contains("`title` is a value, not a table"));
        assert!(said("levels").contains("there is no `=`"));
        assert!(said("method..levels=1").contains("a key is empty"));
    }

    #[test]
    fn only_the_argument_at_fault_is_named() {
        let mut protocol = brain();
        let arguments = ["method.bridge.samples=2", "method.bridge.levls=5"];
        let error = protocol.set_all(&arguments).unwrap_err().to_string();
        assert!(
            error.starts_with("--set method.bridge.levls=5: unknown"),
            "{error}"
        );
    }

    #[test]
    fn a_value_cannot_smuggle_in_other_keys() {
        let mut protocol = brain();
        protocol.set("title=\"a\"\nrun = \"dps\"").unwrap();
        assert_eq!(protocol.run, "bridge");
    }
}
