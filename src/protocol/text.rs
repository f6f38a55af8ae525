//! What `annulus protocol list`, `show` and `check` print.

use super::error::ProtocolError;
use super::library::{builtins, source};
use super::methods::methods;
use super::{Acquisition, Protocol};
use std::fmt::Write;

/// The built-in protocols and the methods of this build.
pub fn list_text() -> String {
    let mut text = String::from("Built-in protocols\n");
    columns(&mut text, builtins());
    text.push_str("\nMethods (a [method.NAME] table, or --method NAME)\n");
    columns(&mut text, methods());
    text
}

/// A protocol as it was written, comments and all: also the start of one's own.
///
/// # Errors
/// Those of [`Protocol::find`]: only a protocol that passes the check is shown.
pub fn show_text(name_or_path: &str) -> Result<String, ProtocolError> {
    Protocol::find(name_or_path)?;
    source(name_or_path)
}

/// A few lines on a protocol that passes the check.
///
/// # Errors
/// Those of [`Protocol::find`]: every problem, one a line.
pub fn check_text(name_or_path: &str) -> Result<String, ProtocolError> {
    let protocol = Protocol::find(name_or_path)?;
    let mut text = format!("{name_or_path}: ok\n");
    let mut rows = vec![("title", protocol.title.clone())];
    if let Some(Acquisition::Cartesian(table)) = &protocol.acquisition {
        let [readout, phase] = table.matrix;
        let (slices, coils, r) = (table.slices, table.coils, table.acceleration);
        let grid = format!("Cartesian {readout} x {phase}, {slices} slices, {coils} coils, {r}x");
        rows.push(("acquisition", grid));
    }
    if let Some(prior) = &protocol.prior {
        rows.push(("prior", prior.model.clone()));
    }
    rows.push(("run", protocol.run.clone()));
    rows.push(("methods", protocol.method.tables().join(", ")));
    columns(&mut text, &rows);
    Ok(text)
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
        for (name, title) in builtins().iter().chain(methods()) {
            let line = text
                .lines()
                .find(|line| line.trim_start().starts_with(name));
            assert!(line.unwrap().ends_with(title), "{text}");
        }
    }

    #[test]
    fn show_keeps_the_comments() {
        assert!(show_text("mri/cartesian").unwrap().starts_with('#'));
        assert!(show_text("mri/cartesia").is_err());
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
