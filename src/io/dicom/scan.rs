//! The images below a path, gathered into series, and the choice of one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use dicom_dictionary_std::tags;

use super::attributes::{View, open_head};
use super::frame::{Frame, LABEL_COUNT};
use super::stack::crowding;
use super::{Modality, guard};
use crate::io::IoError;

/// Folders within folders.
const DEEPEST: usize = 8;
/// Frames of one file.
const MOST_FRAMES: usize = 100_000;

/// Everything that lies below a path.
pub(super) struct Found {
    series: Vec<Series>,
    /// How many images were left aside, by reason.
    skipped: BTreeMap<String, usize>,
    other_files: usize,
}

/// Images that can be slices of one volume.
struct Series {
    frames: Vec<Frame>,
    /// What tells it from others of the same kind.
    label: Option<String>,
}

/// Looks at a file, or at all files of a folder and the folders in it.
pub(super) fn scan(path: &Path) -> Result<Found, IoError> {
    let mut found = Found {
        series: Vec::new(),
        skipped: BTreeMap::new(),
        other_files: 0,
    };
    let about = std::fs::metadata(path).map_err(|e| IoError::reading(path, &e))?;
    if about.is_dir() {
        for file in files(path, DEEPEST)? {
            match guard::is_dicom(&file)? {
                true => found.add(file)?,
                false => found.other_files += 1,
            }
        }
    } else {
        found.add(path.to_owned())?;
    }
    let series = std::mem::take(&mut found.series);
    found.series = series.into_iter().flat_map(Series::split).collect();
    found.series.sort_by(|a, b| a.order().cmp(&b.order()));
    Ok(found)
}

/// The files below a folder by name; hidden ones are left out.
fn files(folder: &Path, deepest: usize) -> Result<Vec<PathBuf>, IoError> {
    let fail = |e| IoError::reading(folder, &e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        match path.is_dir() {
            true if deepest > 0 => found.extend(files(&path, deepest - 1)?),
            true => {}
            false if path.is_file() => found.push(path),
            false => {}
        }
    }
    found.sort();
    Ok(found)
}

impl Found {
    fn add(&mut self, file: PathBuf) -> Result<(), IoError> {
        let object = open_head(&file)?;
        let whole = View::new(&object, 0);
        let frames = whole.count(tags::NUMBER_OF_FRAMES).unwrap_or(1).max(1);
        if frames > MOST_FRAMES {
            let found = format!("{frames} frames");
            let remedy = "copy or export the file again";
            return Err(IoError::new(&file, "at most 100000 frames", found, remedy));
        }
        if whole.count(tags::ROWS).is_none() {
            let modality = whole.text(tags::MODALITY).unwrap_or("unknown".to_owned());
            self.skip(format!("no images (modality {modality})"));
            return Ok(());
        }
        let file = Rc::new(file);
        for index in 0..frames {
            match Frame::read(&file, index, View::new(&object, index)) {
                Ok(frame) => self.put(frame),
                Err(_) if has_projections(&object) => self.skip(
                    "projections (DICOM-CT-PD): raw data to reconstruct, not images".to_owned(),
                ),
                Err(reason) => self.skip(reason),
            }
        }
        Ok(())
    }

    fn skip(&mut self, reason: String) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn put(&mut self, frame: Frame) {
        let same = |s: &&mut Series| s.frames[0].is_beside(&frame);
        match self.series.iter_mut().find(same) {
            Some(series) => series.frames.push(frame),
            None => self.series.push(Series {
                frames: vec![frame],
                label: None,
            }),
        }
    }

    /// The frames of the series that is asked for, or of the only one; and what was left aside.
    pub fn choose(
        self,
        path: &Path,
        wanted: Option<&str>,
    ) -> Result<(Vec<Frame>, Vec<String>), IoError> {
        let notes = self
            .skipped
            .iter()
            .map(|(r, n)| format!("{n} left aside: {r}"))
            .collect();
        let list = self.list();
        let count = self.series.len();
        if count == 0 {
            let expected = "images of CT or MR (MONOCHROME2, with position and orientation)";
            let remedy = "name the folder of one series of CT or MR images";
            return Err(IoError::new(path, expected, self.nothing(), remedy));
        }
        let by_number = wanted.and_then(|w| w.parse::<usize>().ok());
        let mut chosen: Vec<Series> = match (wanted, by_number) {
            (None, _) => self.series,
            (_, Some(n)) => self
                .series
                .into_iter()
                .skip(n.wrapping_sub(1))
                .take(1)
                .collect(),
            (Some(uid), None) => {
                let is_it = |s: &Series| s.frames[0].series.uid == uid;
                self.series.into_iter().filter(is_it).collect()
            }
        };
        match (chosen.pop(), chosen.len()) {
            (Some(one), 0) => Ok((one.frames, notes)),
            (None, _) => {
                let expected = format!("series {}", wanted.unwrap_or_default());
                let found = format!("{count} series ({list})");
                let remedy = "choose one by its number in this list or its SeriesInstanceUID";
                Err(IoError::new(path, expected, found, remedy))
            }
            (Some(_), more) => {
                let found = format!("{} ({list})", more + 1);
                let remedy = "choose one by its number in this list";
                Err(IoError::new(path, "one series", found, remedy))
            }
        }
    }

    fn list(&self) -> String {
        let lines = self.series.iter().enumerate();
        let lines: Vec<String> = lines.map(|(k, s)| format!("{}: {s}", k + 1)).collect();
        lines.join("; ")
    }

    fn nothing(&self) -> String {
        let mut parts: Vec<String> = self
            .skipped
            .iter()
            .map(|(reason, n)| format!("{n} {reason}"))
            .collect();
        if self.other_files > 0 {
            parts.push(format!("{} files that are not DICOM", self.other_files));
        }
        match parts.is_empty() {
            true => "no files".to_owned(),
            false => parts.join(", "),
        }
    }
}

/// DICOM-CT-PD keeps the number of its rows and columns in this private group.
fn has_projections(object: &dicom_object::InMemDicomObject) -> bool {
    object.tags().any(|tag| tag.group() == 0x7029)
}

impl Series {
    fn order(&self) -> (&super::frame::SeriesKey, Option<&String>, String) {
        let normal = self.frames[0].place.normal();
        (
            &self.frames[0].series,
            self.label.as_ref(),
            format!("{normal:.3?}"),
        )
    }

    /// Takes apart images at the same places: echoes, times, kinds of image.
    fn split(self) -> Vec<Self> {
        let places: Vec<_> = self.frames.iter().map(|f| f.place).collect();
        let most = crowding(&places);
        if most < 2 {
            return vec![self];
        }
        let all: Vec<usize> = (0..LABEL_COUNT).collect();
        let choices = all.chunks(1).chain([&all[..]]);
        for labels in choices {
            let mut parts: BTreeMap<Vec<&str>, Vec<Frame>> = BTreeMap::new();
            for frame in &self.frames {
                let key = labels.iter().map(|&k| frame.label(k)).collect();
                parts.entry(key).or_default().push(frame.clone());
            }
            let alone = |frames: &Vec<Frame>| {
                crowding(&frames.iter().map(|f| f.place).collect::<Vec<_>>()) < 2
            };
            if parts.len() > 1 && parts.len() <= most && parts.values().all(alone) {
                let differing = |k: &&usize| {
                    self.frames
                        .iter()
                        .any(|f| f.label(**k) != self.frames[0].label(**k))
                };
                let shown: Vec<usize> = labels.iter().filter(differing).copied().collect();
                let parts = parts.into_values();
                return parts.map(|frames| Self::labelled(frames, &shown)).collect();
            }
        }
        vec![self]
    }

    fn labelled(frames: Vec<Frame>, labels: &[usize]) -> Self {
        let texts: Vec<String> = labels.iter().map(|&k| frames[0].labelled(k)).collect();
        Self {
            frames,
            label: Some(texts.join(", ")),
        }
    }
}

impl std::fmt::Display for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let key = &self.frames[0].series;
        let modality = match key.modality {
            Modality::Ct => "CT",
            Modality::Mr => "MR",
        };
        let (rows, columns, count) = (key.rows, key.columns, self.frames.len());
        write!(f, "{modality} {columns} x {rows}, {count} images")?;
        if let Some(number) = key.number {
            write!(f, ", series {number}")?;
        }
        if !self.frames[0].description.is_empty() {
            write!(f, " {:?}", self.frames[0].description)?;
        }
        write!(f, ", {}", key.image_type.replace('\\', "/"))?;
        match &self.label {
            Some(label) => write!(f, ", {}", label.replace('\\', "/")),
            None => Ok(()),
        }
    }
}
