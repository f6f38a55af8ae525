//! The groups of an MRD file: which one is read, its header and its acquisitions.

use std::path::{Path, PathBuf};

use hdf5::{Dataset, Group};

use crate::io::mrd_header::MrdHeader;
use crate::io::{IoError, hdf5_read};

/// The groups of a file that hold raw data.
#[derive(Debug)]
pub(super) struct Groups {
    path: PathBuf,
    file: hdf5::File,
    chosen: String,
    with_data: Vec<String>,
}

impl Groups {
    /// Opens the file and chooses: the wanted group, else `dataset`, else the first with acquisitions.
    pub fn find(path: &Path, wanted: Option<&str>) -> Result<Self, IoError> {
        let file = hdf5_read::open(path)?;
        let fail = |e: hdf5::Error| hdf5_read::failed(path, "the names in it", &e);
        let names = file.member_names().map_err(fail)?;
        let group_has =
            |name: &str, what: &str| file.group(name).is_ok_and(|g| g.dataset(what).is_ok());
        let with_data: Vec<String> = names
            .iter()
            .filter(|n| group_has(n, "data"))
            .cloned()
            .collect();
        let missing = |expected: &str, remedy: &str| {
            let found = format!("the names {}", names.join(", "));
            Err(IoError::new(path, expected, found, remedy))
        };
        let chosen = match wanted {
            Some(name) if file.group(name).is_ok() => name.to_owned(),
            Some(name) => {
                return missing(
                    &format!("the group {name}"),
                    "choose one of them with --group",
                );
            }
            None => {
                let default = with_data
                    .iter()
                    .find(|n| *n == "dataset")
                    .or(with_data.first());
                let any = names.iter().find(|n| group_has(n, "xml"));
                match default.or(any) {
                    Some(name) => name.clone(),
                    None if file.dataset("kspace").is_ok() => {
                        return missing(
                            "MRD raw data (a group with xml and data)",
                            "this is fastMRI's layout",
                        );
                    }
                    None => {
                        return missing(
                            "MRD raw data (a group with xml and data)",
                            "see `annulus inspect`",
                        );
                    }
                }
            }
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            chosen,
            with_data,
        })
    }

    fn group(&self) -> Result<Group, IoError> {
        let fail = |e: hdf5::Error| hdf5_read::failed(&self.path, "the group", &e);
        self.file.group(&self.chosen).map_err(fail)
    }

    /// The header of the chosen group.
    pub fn header(&self) -> Result<MrdHeader, IoError> {
        MrdHeader::parse(&self.path, &self.header_text()?)
    }

    /// Its XML.
    pub fn header_text(&self) -> Result<String, IoError> {
        let Ok(xml) = self.group()?.dataset("xml") else {
            return Err(IoError::new(
                &self.path,
                format!("an MRD header in /{}/xml", self.chosen),
                "no such dataset",
                "convert the scan to MRD again, or choose another group with --group",
            ));
        };
        hdf5_read::text(&self.path, "the MRD header", &xml)
    }

    /// The acquisitions of the chosen group.
    pub fn data(&self) -> Result<Dataset, IoError> {
        self.group()?.dataset("data").map_err(|_| {
            IoError::new(
                &self.path,
                format!("acquisitions in /{}/data", self.chosen),
                "no such dataset (a file of images has none)",
                "use the file with the raw data, or choose another group with --group",
            )
        })
    }

    /// The other groups with acquisitions.
    pub fn others(&self) -> impl Iterator<Item = (&str, Dataset)> {
        let others = self.with_data.iter().filter(|n| **n != self.chosen);
        others.filter_map(|n| Some((n.as_str(), self.file.group(n).ok()?.dataset("data").ok()?)))
    }

    /// Says when there was a choice.
    pub fn warnings(&self) -> Option<String> {
        let others: Vec<&str> = self.others().map(|(name, _)| name).collect();
        (!others.is_empty())
            .then(|| format!("group {} is read, not {}", self.chosen, others.join(", ")))
    }
}
