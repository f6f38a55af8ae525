//! The files of a folder as a scan: table positions, each with its views in order.

use std::f64::consts::{PI, TAU};
use std::path::Path;

use super::view::{self, Scan, View};
use crate::io::{IoError, recognise_folder};

/// Views closer along the axis than this are at one table position.
const SAME_POSITION_MM: f64 = 0.01;

/// One table position.
#[derive(Debug)]
pub(super) struct Position {
    pub z_mm: f64,
    pub views: Vec<View>,
    /// Unwrapped, in our convention: half a turn from CT-PD's, which puts the source at (-sin, cos).
    pub angles_rad: Vec<f64>,
}

/// Everything in a folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub scan: Scan,
    pub positions: Vec<Position>,
    pub warnings: Vec<String>,
}

/// Reads the head of every file and puts the views in order.
pub(super) fn read(folder: &Path) -> Result<Folder, IoError> {
    let mut views = Vec::new();
    let mut first: Option<(Scan, std::path::PathBuf)> = None;
    let mut other = 0;
    for (path, start) in recognise_folder::files(folder)? {
        if !recognise_folder::is_dicom(&start) {
            other += 1;
            continue;
        }
        let (view, scan) = view::read(&path)?;
        match &first {
            None => first = Some((scan, path)),
            Some((common, _)) => same_scan(&path, common, &scan)?,
        }
        views.push(view);
    }
    let Some((scan, _)) = first else {
        return Err(IoError::new(
            folder,
            "CT-PD files",
            "no DICOM file",
            "name the folder right above the views",
        ));
    };
    let mut warnings = Vec::new();
    if other > 0 {
        warnings.push(format!("{other} files that are no DICOM are left aside"));
    }
    in_order(folder, &mut views)?;
    let mut positions = Vec::new();
    for group in at_positions(folder, views)? {
        positions.push(position(folder, group, &scan, &mut warnings)?);
    }
    positions.sort_by(|a, b| a.z_mm.total_cmp(&b.z_mm));
    check_positions(folder, &positions)?;
    warnings.dedup();
    Ok(Folder {
        scan,
        positions,
        warnings,
    })
}

/// Refuses a file that is not of the first one's scan, by what differs.
fn same_scan(path: &Path, common: &Scan, scan: &Scan) -> Result<(), IoError> {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-4 * a.abs().max(b.abs());
    let differs = |what: &str, expected: String, found: String, remedy: &str| {
        let expected = format!("{what} {expected}, as in the first file");
        Err(IoError::new(path, expected, found, remedy))
    };
    let show = |pair: [usize; 2]| format!("{} rows x {} columns", pair[0], pair[1]);
    let apart = "put each scan into a folder of its own";
    if common.detector != scan.detector || common.stored != scan.stored {
        let sizes = |s: &Scan| format!("{} (stored {})", show(s.detector), show(s.stored));
        return differs("a detector of", sizes(common), sizes(scan), apart);
    }
    if common.series != scan.series {
        return differs(
            "the series",
            common.series.clone(),
            scan.series.clone(),
            apart,
        );
    }
    if common.spectrum != scan.spectrum {
        let name = |s: &Scan| format!("{:?}", s.spectrum);
        let remedy = "put the views of each spectrum or source into a folder of their own";
        return differs("the spectrum", name(common), name(scan), remedy);
    }
    let geometry = |s: &Scan| {
        let [across, along] = s.spacing_mm;
        [
            s.source_mm,
            s.source_to_detector_mm,
            across,
            along,
            s.central[0],
            s.central[1],
        ]
    };
    let (a, b) = (geometry(common), geometry(scan));
    if common.shape != scan.shape || !a.iter().zip(&b).all(|(a, b)| near(*a, *b)) {
        let name = |s: &Scan, g: [f64; 6]| format!("{:?} {g:?}", s.shape);
        return differs("the geometry", name(common, a), name(scan, b), apart);
    }
    if common.flags != scan.flags {
        let name = |s: &Scan| format!("{:?}", s.flags);
        return differs("the corrections", name(common), name(scan), apart);
    }
    Ok(())
}

/// Sorts by InstanceNumber, which must count without a gap.
fn in_order(folder: &Path, views: &mut [View]) -> Result<(), IoError> {
    views.sort_by_key(|view| view.instance);
    for pair in views.windows(2) {
        let [a, b] = pair else { continue };
        let file = |view: &View| match view.path.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => String::new(),
        };
        if a.instance == b.instance {
            return Err(IoError::new(
                folder,
                "every InstanceNumber once",
                format!("{} in {} and in {}", a.instance, file(a), file(b)),
                "take the copy out of the folder",
            ));
        }
        if b.instance != a.instance + 1 {
            return Err(IoError::new(
                folder,
                format!("the view with the InstanceNumber {}", a.instance + 1),
                format!("{} after {}: a view is missing", b.instance, a.instance),
                "copy all files of the scan again",
            ));
        }
    }
    Ok(())
}

/// Runs of views at one table position; a table that moves from view to view is a helix.
fn at_positions(folder: &Path, views: Vec<View>) -> Result<Vec<Vec<View>>, IoError> {
    let mut groups: Vec<Vec<View>> = Vec::new();
    for view in views {
        match groups.last_mut() {
            Some(group) if (group[0].z_mm - view.z_mm).abs() < SAME_POSITION_MM => group.push(view),
            _ => groups.push(vec![view]),
        }
    }
    let views: usize = groups.iter().map(Vec::len).sum();
    // A position of step and shoot sees much of a turn, or all positions start at one angle. A slow helix has
    // runs too, but of a small part of a turn, and it turns on from run to run.
    let turned = |group: &Vec<View>| turned_rad(group).abs();
    let most = groups.iter().map(turned).fold(0.0, f64::max);
    let start = groups.first().map_or(0.0, |group| group[0].angle_rad);
    let turns_on = |group: &Vec<View>| wrapped(group[0].angle_rad - start).abs() > 1e-3;
    if most < PI / 2.0 && groups.iter().any(turns_on) {
        let z = |group: &Vec<View>| group[0].z_mm;
        let (start, end) = (z(&groups[0]), z(&groups[groups.len() - 1]));
        let all: Vec<View> = groups.into_iter().flatten().collect();
        let feed = (end - start) / (turned_rad(&all) / TAU).abs().max(1e-9);
        return Err(IoError::new(
            folder,
            "a table that stands still during a turn",
            format!("a helix: z from {start} to {end} mm in {views} views, {feed:.2} mm a turn"),
            "rebin it to fan-beam slices first (single-slice rebinning)",
        ));
    }
    Ok(groups)
}

/// The angle that the source turned through, signed.
fn turned_rad(views: &[View]) -> f64 {
    let steps = views
        .windows(2)
        .map(|pair| wrapped(pair[1].angle_rad - pair[0].angle_rad));
    steps.sum()
}

/// To (-π, π].
fn wrapped(angle: f64) -> f64 {
    angle - TAU * (angle / TAU).round()
}

fn position(
    folder: &Path,
    views: Vec<View>,
    scan: &Scan,
    warnings: &mut Vec<String>,
) -> Result<Position, IoError> {
    let z_mm = views[0].z_mm;
    let steps: Vec<f64> = views
        .windows(2)
        .map(|pair| wrapped(pair[1].angle_rad - pair[0].angle_rad))
        .collect();
    check_steps(folder, &views, &steps, scan)?;
    let mut angle = views[0].angle_rad + PI;
    let mut angles_rad = vec![angle];
    for step in steps {
        angle += step;
        angles_rad.push(angle);
    }
    crate::io::projections::check_angles(folder, &angles_rad, warnings)?;
    Ok(Position {
        z_mm,
        views,
        angles_rad,
    })
}

/// Finds a step of twice, three times... the usual one among regular steps, and a turn with too few views.
fn check_steps(folder: &Path, views: &[View], steps: &[f64], scan: &Scan) -> Result<(), IoError> {
    let usual = match scan.views_per_turn {
        Some(n) => TAU / n as f64,
        None => {
            let mut sizes: Vec<f64> = steps.iter().map(|s| s.abs()).collect();
            sizes.sort_by(f64::total_cmp);
            sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
        }
    };
    let times = |step: f64| step.abs() / usual;
    let whole = |step: f64| (times(step) - times(step).round()).abs() < 0.1 && times(step) > 0.5;
    let regular = steps
        .iter()
        .filter(|s| (times(**s) - 1.0).abs() < 0.1)
        .count();
    if steps.len() < 4 || regular * 2 < steps.len() || !steps.iter().all(|s| whole(*s)) {
        return Ok(());
    }
    if let Some((at, step)) = steps.iter().enumerate().find(|(_, s)| times(**s) > 1.5) {
        return Err(IoError::new(
            folder,
            format!(
                "steps of {:.4} degrees from view to view",
                usual.to_degrees()
            ),
            format!(
                "{:.4} degrees after the InstanceNumber {}: {:.0} views are missing",
                step.abs().to_degrees(),
                views[at].instance,
                times(*step) - 1.0
            ),
            "copy all files of the scan again",
        ));
    }
    let n = scan.views_per_turn.unwrap_or(0);
    if views.len() < n && views.len() as f64 > 0.97 * n as f64 {
        return Err(IoError::new(
            folder,
            format!("{n} views of a turn at z = {} mm", views[0].z_mm),
            format!("{}: the last ones are missing", views.len()),
            "copy all files of the scan again",
        ));
    }
    Ok(())
}

/// Refuses a position that was scanned twice, and positions with unlike numbers of views.
fn check_positions(folder: &Path, positions: &[Position]) -> Result<(), IoError> {
    for pair in positions.windows(2) {
        let [a, b] = pair else { continue };
        if b.z_mm - a.z_mm < SAME_POSITION_MM {
            return Err(IoError::new(
                folder,
                "each table position once",
                format!("z = {} mm twice", a.z_mm),
                "put each scan into a folder of its own",
            ));
        }
        if a.views.len() != b.views.len() {
            return Err(IoError::new(
                folder,
                "as many views at every table position",
                format!(
                    "{} at z = {} mm and {} at z = {} mm",
                    a.views.len(),
                    a.z_mm,
                    b.views.len(),
                    b.z_mm
                ),
                "files are missing: copy all files of the scan again",
            ));
        }
    }
    Ok(())
}
