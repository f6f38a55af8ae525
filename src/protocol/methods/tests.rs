//! Tests: every method by its name.

use super::*;

#[test]
fn every_name_gives_its_own_method_with_its_defaults() {
    for name in names() {
        let method = Methods::default().get(name).unwrap();
        assert_eq!(method.name(), name);
        let mut methods = Methods::default();
        methods.put(method.clone());
        assert_eq!(methods.tables(), [name]);
        assert_eq!(methods.get(name).unwrap(), method);
    }
}

#[test]
fn the_tables_are_named_as_the_methods() {
    let mut methods = Methods::default();
    for name in names() {
        methods.put(methods.get(name).unwrap());
    }
    let table = toml::Table::try_from(&methods).unwrap();
    let mut expected = names();
    expected.sort_unstable();
    assert_eq!(table.keys().collect::<Vec<_>>(), expected);
}

#[test]
fn samples_are_counted_and_changed_alike() {
    for name in names() {
        let mut method = Methods::default().get(name).unwrap();
        assert_eq!(method.samples().is_some(), method.samples_mut().is_some());
        if let Some(samples) = method.samples_mut() {
            *samples = 3;
            assert_eq!(method.samples(), Some(3), "{name}");
        }
    }
}
