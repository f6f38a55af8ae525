//! From the sentences of serde and TOML to one that a user can act on.

use super::error::{Problem, ProtocolError};
use super::nearest::nearest;
use super::position::{Positions, line_and_column};
use super::{Protocol, known};
use std::ops::Range;

/// Where a document came from, which is what errors point at.
pub(super) enum Origin<'a> {
    /// A file or a built-in protocol, by its name: errors carry line and column.
    File(&'a str),
    /// The arguments of `--set`, in a text that the user never saw: errors carry the argument.
    Arguments(&'a [(String, String)]),
}

impl Origin<'_> {
    fn place(&self, text: &str, byte: Option<usize>, key: &str) -> String {
        match self {
            Self::File(name) => match byte {
                Some(byte) => {
                    let (line, column) = line_and_column(text, byte);
                    format!("{name}:{line}:{column}")
                }
                None => (*name).to_string(),
            },
            Self::Arguments(arguments) => {
                let about = |(path, _): &&(String, String)| within(key, path) || within(path, key);
                let mut blamed: Vec<_> = arguments.iter().filter(about).collect();
                if blamed.is_empty() {
                    blamed = arguments.iter().collect();
                }
                let texts: Vec<&str> = blamed.iter().map(|(_, text)| text.as_str()).collect();
                format!("--set {}", texts.join(" --set "))
            }
        }
    }
}

/// Whether a key path is `table` or lies in it; the document lies in nothing.
fn within(key: &str, table: &str) -> bool {
    !table.is_empty()
        && key
            .strip_prefix(table)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Parses a document and checks what it says.
pub(super) fn parse(text: &str, origin: &Origin<'_>) -> Result<Protocol, ProtocolError> {
    let protocol: Protocol = toml::from_str(text)
        .map_err(|error| ProtocolError::Malformed(explain(&error, text, origin)))?;
    let mut problems = protocol.check();
    if problems.is_empty() {
        return Ok(protocol);
    }
    let positions = Positions::of(text);
    for problem in &mut problems {
        let byte = positions.start_of(&problem.key);
        problem.place = Some(origin.place(text, byte, &problem.key));
    }
    Err(ProtocolError::Invalid(problems))
}

fn explain(error: &toml::de::Error, text: &str, origin: &Origin<'_>) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let positions = Positions::of(text);
    let (key, message) = sentence(error.message(), &span, &positions, text);
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let place = Some(origin.place(text, Some(span.start), &key));
    Problem {
        key,
        place,
        message,
    }
}

/// The key path that is at fault, and what to say.
fn sentence(
    said: &str,
    span: &Range<usize>,
    positions: &Positions,
    text: &str,
) -> (String, String) {
    let path = positions
        .key_at(span)
        .unwrap_or_else(|| positions.path_at(span));
    let mut quoted = said.split('`').skip(1).step_by(2);
    let word = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    let message = if said.starts_with("unknown ") && positions.key_at(span).is_some() {
        unknown_key(path, word, &known)
    } else if said.starts_with("unknown variant") {
        let hint = did_you_mean(word, &known);
        format!(
            "unknown value `{word}` of `{path}`{hint} (values: {})",
            known.join(", ")
        )
    } else if said.starts_with("missing field") {
        format!("missing key `{word}` {}", table(path))
    } else if said.starts_with("wanted exactly 1 element") || said.contains("unit variant") {
        format!("`{path}` takes exactly one table, named by its kind: see docs/protocols.md")
    } else if let Some((got, expected)) = wrong_value(said) {
        format!("`{path}`: expected {expected}, got {got}")
    } else {
        match text.get(span.clone()).map(str::trim) {
            Some(token) if !token.is_empty() => format!("{said}, at `{token}`"),
            _ => said.to_string(),
        }
    };
    (path.to_string(), message)
}

fn unknown_key(path: &str, word: &str, known: &[&str]) -> String {
    let above = path.rsplit_once('.').map_or("", |(above, _)| above);
    if above == "method" {
        return known::refusal(word);
    }
    let hint = did_you_mean(word, known);
    let known = match known {
        [] => "none".to_string(),
        _ => known.join(", "),
    };
    format!(
        "unknown key `{word}` {}{hint} (keys: {known})",
        table(above)
    )
}

fn did_you_mean(word: &str, known: &[&str]) -> String {
    nearest(word, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

fn table(path: &str) -> String {
    match path {
        "" => "at the top level".to_string(),
        _ => format!("in [{path}]"),
    }
}

/// `invalid type: string "x", expected f64` as (`string "x"`, `a number`).
fn wrong_value(said: &str) -> Option<(String, String)> {
    let said = said.strip_prefix("invalid ")?;
    let (got, expected) = said.rsplit_once(", expected ").or_else(|| {
        // the expectation itself may hold commas, never this word
        said.split_once(", expected ")
    })?;
    let got = match got.split_once(' ') {
        Some(("length", count)) => format!("{count} of them"),
        Some((_, got)) => got.to_string(),
        None => got.to_string(),
    };
    let expected = match expected {
        "usize" => "a whole number, 0 or more",
        "f64" => "a number",
        "a sequence" => "an array of two values",
        "a boolean" => "true or false",
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    };
    Some((got, expected.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "title = \"t\"\nmodality = \"mri\"\nrun = \"cg-sense\"\n[method.cg-sense]\n";

    /// What is said about these lines, after a good head of four.
    fn said(lines: &str) -> String {
        let text = format!("{HEAD}{lines}");
        Protocol::parse(&text, "x.toml").unwrap_err().to_string()
    }

    fn assert_said(lines: &str, starts: &str) {
        let said = said(lines);
        assert!(said.starts_with(starts), "{lines:?} gave {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }

    #[test]
    fn a_typo_has_its_line_column_token_neighbour_and_keys() {
        let lines = "[acquisition.cartesian]\nsnr = 30\n  accelration = 4.0\n";
        assert_said(
            lines,
            "x.toml:7:3: unknown key `accelration` in [acquisition.cartesian]; \
             did you mean `acceleration`? (keys: matrix, fov_mm, slices,",
        );
        assert_said(
            "[preparaton]\n",
            "x.toml:5:2: unknown key `preparaton` at the top level; did you mean `preparation`?",
        );
        assert_said(
            "[sensitivities.esprit]\n",
            "x.toml:5:16: unknown key `esprit` in [sensitivities]; did you mean `espirit`? \
             (keys: espirit)",
        );
        assert_said(
            "[method.zero-filled]\nlambda = 1\n",
            "x.toml:6:1: unknown key `lambda` in [method.zero-filled] (keys: lines)",
        );
    }

    #[test]
    fn unknown_methods_and_values() {
        assert_said(
            "[method.brigde]\n",
            "x.toml:5:9: no method is named `brigde`; did you mean `bridge`? (methods: zero",
        );
        assert_said(
            "[method.grappa]\n",
            "x.toml:5:9: method `grappa` is not in this build (it has: zero-filled, cg-sense,",
        );
        assert_said(
            "[method.bridge]\ncovariance = \"spectra\"\n",
            "x.toml:6:14: unknown value `spectra` of `method.bridge.covariance`; \
             did you mean `spectrum`? (values: spectrum, white, sigma, \
             learned, jacobian)",
        );
        assert_said(
            "[method.dps]\nweight = \"snr\"\n",
            "x.toml:6:10: unknown value `snr` of `method.dps.weight` (values: sigma)",
        );
    }

    #[test]
    fn ct_tables_are_explained_alike() {
        assert_said(
            "[acquisition.parallel]\nsource_mm = 595\n",
            "x.toml:6:1: unknown key `source_mm` in [acquisition.parallel] (keys: views,",
        );
        assert_said(
            "[acquisition.fan]\ndetector = \"bent\"\n",
            "x.toml:6:12: unknown value `bent` of `acquisition.fan.detector` (values: curved, flat)",
        );
        assert_said(
            "[likelihood.pwsl]\n",
            "x.toml:5:13: unknown key `pwsl` in [likelihood]; did you mean `pwls`? (keys: poisson,",
        );
        assert_said(
            "[method.fbp]\nwindow = \"ram-lak\"\n",
            "x.toml:6:10: unknown value `ram-lak` of `method.fbp.window`; did you mean `ramlak`?",
        );
        assert_said(
            "[likelihood.poisson]\n[likelihood.pwls]\n",
            "x.toml:5:2: `likelihood` takes exactly one table",
        );
    }

    #[test]
    fn wrong_types() {
        assert_said(
            "lambda = \"big\"\n",
            "x.toml:5:10: `method.cg-sense.lambda`: expected a number, got string \"big\"",
        );
        assert_said(
            "iterations = -3\n",
            "x.toml:5:14: `method.cg-sense.iterations`: expected a whole number, 0 or more, \
             got integer `-3`",
        );
        assert_said(
            "[acquisition.cartesian]\nmatrix = [1, 2, 3]\n",
            "x.toml:6:10: `acquisition.cartesian.matrix`: expected two values, \
             [readout, phase encoding], got 3 of them",
        );
        assert_said(
            "[acquisition.cartesian]\nmatrix = 3\n",
            "x.toml:6:10: `acquisition.cartesian.matrix`: expected an array of two values, \
             got integer `3`",
        );
        assert_said(
            "[image]\nmatrix = [192]\npixel_mm = 1\n",
            "x.toml:6:10: `image.matrix`: expected two values, [columns, rows], got 1 of them",
        );
        assert_said(
            "[preparation]\nviews = [0, 1, 2]\n",
            "x.toml:6:9: `preparation.views`: expected two values, [first, last], got 3 of them",
        );
        assert_said(
            "[method]\ndps = 3\n",
            "x.toml:6:7: `method.dps`: expected a table, got integer `3`",
        );
    }

    #[test]
    fn missing_keys_and_kinds() {
        assert_said(
            "[acquisition.cartesian]\n",
            "x.toml:5:1: missing key `matrix` in [acquisition.cartesian]",
        );
        assert_said(
            "[acquisition]\n",
            "x.toml:5:1: `acquisition` takes exactly one table",
        );
        let error = Protocol::parse("", "x.toml").unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.toml:1:1: missing key `title` at the top level"
        );
    }

    #[test]
    fn what_is_not_toml() {
        assert_said("lambda = \n", "x.toml:5:10: ");
        assert_said(
            "lambda = 1\nlambda = 2\n",
            "x.toml:6:1: duplicate key, at `lambda`",
        );
        assert_said("[method.dps\n", "x.toml:5:12: unclosed table");
    }

    #[test]
    fn a_problem_knows_its_key() {
        let ProtocolError::Malformed(problem) =
            Protocol::parse(&format!("{HEAD}iteratons = 3\n"), "x.toml").unwrap_err()
        else {
            panic!("not malformed");
        };
        assert_eq!(problem.key, "method.cg-sense.iteratons");
        assert_eq!(problem.place.as_deref(), Some("x.toml:5:1"));
    }
}
