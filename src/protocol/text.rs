//! What `annulus protocol list`, `show` and `check` print.

use super::error::ProtocolError;
use super::known::{KnownMethod, methods};
use super::library::{builtins, source};
use super::probe::{Beam, probe};
use super::tomography::Detector;
use super::{Acquisition, Protocol};
use std::fmt::Write;

/// The built-in protocols and the methods of this build.
pub fn list_text() -> String {
    let mut text = String::from("Built-in protocols\n");
    columns(&mut text, builtins());
    text.push_str("\nMethods (a [method.NAME] table, or --method NAME)\n");
    let rows: Vec<_> = methods().iter().map(row).collect();
    columns(&mut text, &rows);
    text
}

fn row(method: &KnownMethod) -> (&'static str, String) {
    let modalities: Vec<&str> = method.modalities.iter().map(|m| m.name()).collect();
    (
        method.name,
        format!("{:<17}{}", modalities.join(", "), method.what),
    )
}

/// A protocol as it was written, comments and all: also the start of one's own. A CT protocol has
/// its geometry probe below, as comments.
///
/// # Errors
/// Those of [`Protocol::find`]: only a protocol that passes the check is shown.
pub fn show_text(name_or_path: &str) -> Result<String, ProtocolError> {
    let protocol = Protocol::find(name_or_path)?;
    let mut text = source(name_or_path)?;
    let probe = probe_of(&protocol);
    if !probe.is_empty() {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str("\n# Where these numbers put a point:\n");
        for line in probe.lines() {
            // writing to a string cannot fail
            let _ = writeln!(text, "#   {line}");
        }
    }
    Ok(text)
}

/// The geometry probe of a CT protocol, nothing for any other.
fn probe_of(protocol: &Protocol) -> String {
    let scan = protocol
        .acquisition
        .as_ref()
        .and_then(Acquisition::projections);
    let Some(scan) = scan else {
        return String::new();
    };
    let angles_deg = scan.angles_deg();
    let (bins, pitch_mm, axis) = (scan.bins, scan.pitch_mm, scan.axis_column());
    let text = probe(scan.beam, &angles_deg, bins, pitch_mm, axis);
    text + "a positive offset_mm moves the detector towards +u, so that a point's column falls\n"
}

/// A few lines on a protocol that passes the check.
///
/// # Errors
/// Those of [`Protocol::find`]: every problem, one a line.
pub fn check_text(name_or_path: &str) -> Result<String, ProtocolError> {
    let protocol = Protocol::find(name_or_path)?;
    let mut text = format!("{name_or_path}: ok\n");
    let mut rows = vec![("title", protocol.title.clone())];
    if let Some(acquisition) = &protocol.acquisition {
        rows.push(("acquisition", acquisition_text(acquisition)));
    }
    if let Some(forward) = &protocol.forward {
        let names: Vec<&str> = forward.tables().iter().map(|one| one.name()).collect();
        rows.push(("forward", names.join(", ")));
    }
    let probe = probe_of(&protocol);
    let names = ["probe"].into_iter().chain(std::iter::repeat(""));
    rows.extend(names.zip(probe.lines().map(str::to_string)));
    if let Some(image) = &protocol.image {
        let ([x, y], pixel_mm) = (image.matrix, image.pixel_mm);
        rows.push(("image", format!("{x} x {y} pixels of {pixel_mm} mm")));
    }
    if let Some(nuisance) = &protocol.nuisance {
        rows.push(("unknown", nuisance.name().to_string()));
    }
    if let Some(prior) = &protocol.prior {
        rows.push(("prior", prior.model.clone()));
    }
    rows.push(("run", protocol.run.clone()));
    rows.push(("methods", protocol.method.tables().join(", ")));
    columns(&mut text, &rows);
    Ok(text)
}

fn acquisition_text(acquisition: &Acquisition) -> String {
    if let Acquisition::Cartesian(table) = acquisition {
        let [readout, phase] = table.matrix;
        let (slices, coils, r) = (table.slices, table.coils, table.acceleration);
        return format!("Cartesian {readout} x {phase}, {slices} slices, {coils} coils, {r}x");
    }
    let Some(scan) = acquisition.projections() else {
        return acquisition.name().to_string();
    };
    let beam = match scan.beam {
        Beam::Parallel => "parallel beam".to_string(),
        Beam::Fan {
            source_mm,
            detector_mm,
            detector,
        } => {
            let shape = match detector {
                Detector::Curved => "curved",
                Detector::Flat => "flat",
            };
            format!("fan beam, source {source_mm} mm, {shape} detector {detector_mm} mm")
        }
    };
    let (views, arc, bins, pitch) = (scan.views, scan.arc_deg, scan.bins, scan.pitch_mm);
    format!("{beam}, {views} views over {arc} deg, {bins} bins of {pitch} mm")
}

fn columns<T: AsRef<str>>(text: &mut String, rows: &[(&str, T)]) {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, what) in rows {
        // writing to a string cannot fail
        let _ = writeln!(text, "  {name:width$}  {}", what.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_everything() {
        let text = list_text();
        let methods = methods().iter().map(|known| (known.name, known.what));
        for (name, what) in builtins().iter().copied().chain(methods) {
            let line = text
                .lines()
                .find(|line| line.split_whitespace().next() == Some(name));
            assert!(line.unwrap().ends_with(what), "{text}");
        }
    }

    #[test]
    fn show_keeps_the_comments() {
        assert!(show_text("mri/cartesian").unwrap().starts_with('#'));
        assert!(show_text("mri/cartesia").is_err());
    }

    #[test]
    fn a_ct_protocol_is_shown_with_its_probe_and_stays_a_protocol() {
        let text = show_text("ct/head-sparse60").unwrap();
        let (_, probe) = text
            .split_once("\n# Where these numbers put a point:\n")
            .unwrap();
        assert!(
            probe.lines().all(|line| line.starts_with("#   ")),
            "{probe}"
        );
        assert!(
            probe.contains("x = +50 mm, y = 0 lands in column 218.64"),
            "{probe}"
        );
        Protocol::parse(&text, "shown").unwrap();
        assert!(!show_text("mri/cartesian").unwrap().contains("put a point"));
        let check = check_text("ct/head-sparse60").unwrap();
        assert!(
            check.contains("60 views over 360 deg, 368 bins of 2.5716 mm"),
            "{check}"
        );
        assert!(check.contains("lands in column 218.64"), "{check}");
    }

    #[test]
    fn check_sums_up() {
        let text = check_text("mri/brain-cartesian-r4").unwrap();
        assert!(text.starts_with("mri/brain-cartesian-r4: ok\n"), "{text}");
        assert!(
            text.contains("Cartesian 192 x 192, 3 slices, 8 coils, 4x"),
            "{text}"
        );
        assert!(text.contains("bridge"), "{text}");
    }
}
