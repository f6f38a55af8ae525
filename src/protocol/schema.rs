//! The JSON Schema of protocol files, for editors (Taplo, VS Code).

use super::Protocol;

/// The JSON Schema (2020-12) of a protocol file, with descriptions and defaults.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Protocol).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    const DOCUMENTATION: &str = include_str!("../../docs/protocols.md");

    /// The keys and the values of enumerations that a schema names.
    fn names(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(object) => {
                if let Some(Value::Object(properties)) = object.get("properties") {
                    found.extend(properties.keys().cloned());
                }
                if let Some(Value::String(constant)) = object.get("const") {
                    found.insert(constant.clone());
                }
                object.values().for_each(|inner| names(inner, found));
            }
            Value::Array(array) => array.iter().for_each(|inner| names(inner, found)),
            _ => {}
        }
    }

    #[test]
    fn every_key_and_value_is_documented() {
        let mut found = BTreeSet::new();
        names(&schema(), &mut found);
        for name in [
            "matrix",
            "cg-sense",
            "sigma_max",
            "poisson",
            "noise_std",
            "source_mm",
        ] {
            assert!(found.contains(name), "the schema lost {name}");
        }
        let documented: BTreeSet<&str> = DOCUMENTATION
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .collect();
        let missing: Vec<_> = found
            .iter()
            .filter(|name| !documented.contains(name.as_str()))
            .collect();
        assert!(missing.is_empty(), "docs/protocols.md lacks {missing:?}");
    }

    #[test]
    fn the_schema_knows_defaults_and_refuses_unknown_keys() {
        let schema = schema();
        let bridge = &schema["$defs"]["Bridge"];
        assert_eq!(bridge["properties"]["levels"]["default"], 20);
        assert_eq!(bridge["additionalProperties"], false);
        let required = schema["required"].as_array().unwrap();
        assert_eq!(required, &["title", "modality", "run"]);
    }

    #[test]
    fn the_documented_defaults_are_those_of_the_code() {
        let schema = schema();
        let tables = schema["$defs"].as_object().unwrap();
        let keys = tables
            .values()
            .filter_map(|table| table["properties"].as_object());
        let mut compared = 0;
        for (key, property) in keys.flatten() {
            let Some(default) = property.get("default").filter(|value| !value.is_null()) else {
                continue;
            };
            let mut rows = DOCUMENTATION
                .lines()
                .filter(|line| line.starts_with(&format!("| `{key}` |")));
            let cells = [format!("| {default} |"), format!("| `{default}` |")];
            assert!(
                rows.any(|row| cells.iter().any(|cell| row.contains(cell))),
                "docs/protocols.md: {key} = {default}"
            );
            compared += 1;
        }
        assert!(compared > 70, "only {compared} defaults in the schema");
    }

    #[test]
    fn the_documented_example_is_a_protocol() {
        let (_, example) = DOCUMENTATION.split_once("```toml\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        Protocol::parse(example, "docs/protocols.md").unwrap();
    }
}
