//! The XML header of MRD (ISMRMRD v1): the few elements that a reconstruction needs.
//!
//! Elements are matched by their local names, whatever the namespace. Nothing of `subjectInformation` is read.

use std::path::Path;
use std::str::FromStr;

use roxmltree::{Document, Node};
use serde::Serialize;

use super::IoError;

/// The header. Triples are (x, y, z).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MrdHeader {
    /// Matrix of the encoded space.
    pub encoded: [usize; 3],
    /// Matrix of the image.
    pub recon: [usize; 3],
    /// Field of view of the encoded space; 0 where the file does not say.
    pub encoded_fov_mm: [f64; 3],
    /// Field of view of the image; 0 where the file does not say.
    pub recon_fov_mm: [f64; 3],
    /// `cartesian`, `radial`, ...; in lower case.
    pub trajectory: String,
    /// Index of the line through the centre of k-space, `encodingLimits/kspace_encoding_step_1/center`.
    ///
    /// None where it is missing or 0 (the default of writers that do not fill it).
    pub centre_step_1: Option<usize>,
    /// Slices according to `encodingLimits/slice/maximum`.
    pub slices: Option<usize>,
    /// `parallelImaging/accelerationFactor/kspace_encoding_step_1`.
    pub acceleration: Option<f64>,
    /// `systemVendor`.
    pub vendor: Option<String>,
    /// `systemFieldStrength_T`.
    pub field_t: Option<f64>,
    /// `relativeReceiverNoiseBandwidth`.
    pub relative_noise_bandwidth: Option<f64>,
    /// `protocolName`.
    pub protocol_name: Option<String>,
    /// How many encodings the file describes; only the first is read.
    pub encodings: usize,
}

impl MrdHeader {
    /// Parses the XML text of the file at `path` (which is only named in errors).
    pub fn parse(path: &Path, xml: &str) -> Result<Self, IoError> {
        let xml = xml.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
        if xml.is_empty() {
            return Err(broken(path, "an empty `xml` dataset"));
        }
        let document =
            Document::parse(xml).map_err(|e| broken(path, &format!("XML with an error: {e}")))?;
        let root = document.root_element();
        if root.tag_name().name() != "ismrmrdHeader" {
            return Err(broken(path, &format!("<{}>", root.tag_name().name())));
        }
        let encodings = root
            .children()
            .filter(|n| n.tag_name().name() == "encoding")
            .count();
        let encoding = child(root, "encoding").ok_or_else(|| broken(path, "no <encoding>"))?;
        let encoded = matrix(path, encoding, "encodedSpace")?;
        let recon = matrix(path, encoding, "reconSpace").unwrap_or(encoded);
        let limits = child(encoding, "encodingLimits");
        let limit = |name, end| limits.and_then(|l| value::<usize>(l, &[name, end]));
        let positive = |x: &f64| x.is_finite() && *x > 0.0;
        let system = &["acquisitionSystemInformation"];
        let of_system = |name| text(root, &[system[0], name]);
        Ok(Self {
            encoded,
            recon: if recon.contains(&0) { encoded } else { recon },
            encoded_fov_mm: fov(encoding, "encodedSpace"),
            recon_fov_mm: fov(encoding, "reconSpace"),
            trajectory: text(encoding, &["trajectory"])
                .unwrap_or_default()
                .to_lowercase(),
            centre_step_1: limit("kspace_encoding_step_1", "center").filter(|&c| c > 0),
            slices: limit("slice", "maximum").map(|n| n.saturating_add(1)),
            acceleration: value(
                encoding,
                &[
                    "parallelImaging",
                    "accelerationFactor",
                    "kspace_encoding_step_1",
                ],
            )
            .filter(positive),
            vendor: of_system("systemVendor"),
            field_t: value(root, &[system[0], "systemFieldStrength_T"]).filter(positive),
            relative_noise_bandwidth: value(root, &[system[0], "relativeReceiverNoiseBandwidth"])
                .filter(positive),
            protocol_name: text(root, &["measurementInformation", "protocolName"]),
            encodings,
        })
    }
}

fn broken(path: &Path, found: &str) -> IoError {
    IoError::new(
        path,
        "an MRD header in XML (<ismrmrdHeader> with <encoding>)",
        found,
        "convert the scanner's file to MRD again",
    )
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children()
        .find(|n| n.is_element() && n.tag_name().name() == name)
}

fn text(node: Node, path: &[&str]) -> Option<String> {
    let mut node = node;
    for name in path {
        node = child(node, name)?;
    }
    let text = node
        .text()?
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    (!text.is_empty()).then_some(text)
}

fn value<T: FromStr>(node: Node, path: &[&str]) -> Option<T> {
    text(node, path)?.parse().ok()
}

fn matrix(path: &Path, encoding: Node, space: &str) -> Result<[usize; 3], IoError> {
    let mut size = [0; 3];
    for (n, axis) in size.iter_mut().zip(["x", "y", "z"]) {
        let found = text(encoding, &[space, "matrixSize", axis]).unwrap_or_default();
        *n = match found.parse() {
            Ok(n) if n <= usize::from(u16::MAX) => n,
            _ => {
                return Err(IoError::new(
                    path,
                    format!("{space}/matrixSize/{axis} of at most 65535"),
                    format!("'{found}'"),
                    "convert the scanner's file to MRD again",
                ));
            }
        };
    }
    Ok(size)
}

fn fov(encoding: Node, space: &str) -> [f64; 3] {
    ["x", "y", "z"].map(|axis| {
        let found = value::<f64>(encoding, &[space, "fieldOfView_mm", axis]);
        found.filter(|f| f.is_finite() && *f > 0.0).unwrap_or(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"<?xml version="1.0"?>
        <m:ismrmrdHeader xmlns:m="http://elsewhere">
          <m:subjectInformation><m:patientName>Secret Name</m:patientName></m:subjectInformation>
          <m:acquisitionSystemInformation><m:systemVendor> Siemens
            </m:systemVendor></m:acquisitionSystemInformation>
          <m:encoding>
            <m:encodedSpace><m:matrixSize><m:x>8</m:x><m:y>6</m:y><m:z>1</m:z></m:matrixSize></m:encodedSpace>
            <m:trajectory>Cartesian</m:trajectory>
          </m:encoding>
        </m:ismrmrdHeader>"#;

    #[test]
    fn any_namespace_and_missing_parts_are_fine() {
        let header = MrdHeader::parse(Path::new("a.h5"), SMALL).unwrap();
        assert_eq!((header.encoded, header.recon), ([8, 6, 1], [8, 6, 1]));
        assert_eq!(
            (header.vendor.as_deref(), header.trajectory.as_str()),
            (Some("Siemens"), "cartesian")
        );
        assert_eq!(
            (
                header.centre_step_1,
                header.slices,
                header.encoded_fov_mm[0]
            ),
            (None, None, 0.0)
        );
        assert!(!format!("{header:?}").contains("Secret"));
    }

    #[test]
    fn bad_headers_are_refused_by_name() {
        let message = |xml: &str| {
            MrdHeader::parse(Path::new("a.h5"), xml)
                .unwrap_err()
                .to_string()
        };
        assert!(message(" \0").contains("empty"));
        assert!(message("<a>").contains("XML with an error"));
        assert!(message("<a/>").contains("<a>"));
        assert!(message("<ismrmrdHeader/>").contains("no <encoding>"));
        assert!(message(&SMALL.replace(">8<", ">99999999999<")).contains("matrixSize/x"));
        assert!(message(&SMALL.replace(">6<", ">-6<")).contains("matrixSize/y"));
    }
}
