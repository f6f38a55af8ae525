//! What a written MRD file says about the scan: its XML header and the place of each slice.

use std::path::Path;

use crate::io::IoError;

/// Position (the centre of the slice) and directions of one slice, LPS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SliceGeometry {
    /// Centre of the slice in millimetres.
    pub position_mm: [f64; 3],
    /// Unit vector along growing x.
    pub read: [f64; 3],
    /// Unit vector along growing y.
    pub phase: [f64; 3],
    /// Unit vector along growing slice.
    pub slice: [f64; 3],
}

impl SliceGeometry {
    /// Slice `k` of a volume with the given affine (voxel x, y, slice to LPS mm) and grid (y, x).
    pub fn from_affine(affine_lps_mm: &[[f64; 4]; 3], [ny, nx]: [usize; 2], k: usize) -> Self {
        let unit = |c: usize| {
            let column = affine_lps_mm.map(|row| row[c]);
            let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
            column.map(|x| x / length)
        };
        let centre = [(nx / 2) as f64, (ny / 2) as f64, k as f64];
        let position_mm =
            affine_lps_mm.map(|row| row[3] + (0..3).map(|c| row[c] * centre[c]).sum::<f64>());
        Self {
            position_mm,
            read: unit(0),
            phase: unit(1),
            slice: unit(2),
        }
    }
}

/// What the file says about the scan. Pairs are (y, x).
#[derive(Clone, Debug, PartialEq)]
pub struct MrdWriteHeader {
    /// Maker of the scanner; `Siemens` makes readers expect its sign of the Fourier transform.
    pub vendor: String,
    /// Field strength in tesla.
    pub field_t: f64,
    /// Name of the protocol.
    pub protocol_name: Option<String>,
    /// Grid of k-space, with readout oversampling.
    pub encoded: [usize; 2],
    /// Grid of the image.
    pub recon: [usize; 2],
    /// Field of view of the encoded grid.
    pub encoded_fov_mm: [f64; 2],
    /// Field of view of the image.
    pub recon_fov_mm: [f64; 2],
    /// Thickness of a slice.
    pub slice_thickness_mm: f64,
    /// Receive channels.
    pub coils: usize,
    /// One entry a slice.
    pub slices: Vec<SliceGeometry>,
    /// Time between two samples of a line.
    pub dwell_us: f64,
    /// Nominal acceleration along y.
    pub acceleration: f64,
    /// `relativeReceiverNoiseBandwidth`.
    pub relative_noise_bandwidth: f64,
}

/// Refuses sizes that the format cannot hold.
pub(super) fn check(path: &Path, header: &MrdWriteHeader) -> Result<(), IoError> {
    let limit = usize::from(u16::MAX);
    let numbers = [
        header.encoded[0],
        header.encoded[1],
        header.recon[0],
        header.recon[1],
        header.coils,
        header.slices.len(),
    ];
    match numbers.iter().find(|n| !(1..=limit).contains(*n)) {
        None => Ok(()),
        Some(n) => Err(IoError::new(
            path,
            "matrix sizes, coils and slices from 1 to 65535 (16 bits in MRD)",
            n,
            "choose a smaller scan",
        )),
    }
}

fn escape(text: &str) -> String {
    let ascii = text
        .chars()
        .filter(|c| c.is_ascii() && !c.is_ascii_control());
    ascii
        .collect::<String>()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The XML header, in ASCII.
pub(super) fn xml(header: &MrdWriteHeader) -> String {
    let space = |name: &str, [y, x]: [usize; 2], [fy, fx]: [f64; 2]| {
        format!(
            "<{name}><matrixSize><x>{x}</x><y>{y}</y><z>1</z></matrixSize><fieldOfView_mm><x>{fx}</x><y>{fy}</y>\
             <z>{}</z></fieldOfView_mm></{name}>",
            header.slice_thickness_mm
        )
    };
    let limit = |name: &str, maximum: usize, centre: usize| {
        format!(
            "<{name}><minimum>0</minimum><maximum>{maximum}</maximum><center>{centre}</center></{name}>"
        )
    };
    let protocol = header.protocol_name.as_deref().map_or(String::new(), |name| {
        let name = escape(name);
        format!("<measurementInformation><patientPosition>HFS</patientPosition><protocolName>{name}</protocolName></measurementInformation>")
    });
    let [ny, nx] = header.encoded;
    [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ismrmrdHeader xmlns=\"http://www.ismrm.org/ISMRMRD\">".to_owned(),
        protocol,
        format!("<acquisitionSystemInformation><systemVendor>{}</systemVendor>", escape(&header.vendor)),
        format!("<systemFieldStrength_T>{}</systemFieldStrength_T>", header.field_t),
        format!("<relativeReceiverNoiseBandwidth>{}</relativeReceiverNoiseBandwidth>", header.relative_noise_bandwidth),
        format!("<receiverChannels>{}</receiverChannels></acquisitionSystemInformation>", header.coils),
        format!(
            "<experimentalConditions><H1resonanceFrequency_Hz>{}</H1resonanceFrequency_Hz></experimentalConditions>",
            (42_577_478.518 * header.field_t).round() as i64
        ),
        "<encoding>".to_owned(),
        space("encodedSpace", header.encoded, header.encoded_fov_mm),
        space("reconSpace", header.recon, header.recon_fov_mm),
        "<encodingLimits>".to_owned(),
        limit("kspace_encoding_step_0", nx - 1, nx / 2),
        limit("kspace_encoding_step_1", ny - 1, ny / 2),
        limit("slice", header.slices.len() - 1, 0),
        "</encodingLimits><trajectory>cartesian</trajectory>".to_owned(),
        format!(
            "<parallelImaging><accelerationFactor><kspace_encoding_step_1>{}</kspace_encoding_step_1>\
             <kspace_encoding_step_2>1</kspace_encoding_step_2></accelerationFactor>\
             <calibrationMode>embedded</calibrationMode></parallelImaging>",
            // The schema has an integer here.
            header.acceleration.round().max(1.0) as u64
        ),
        "</encoding></ismrmrdHeader>\n".to_owned(),
    ]
    .concat()
}
