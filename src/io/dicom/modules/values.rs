//! The pixels, what their numbers mean, and how they are first shown.

use dicom_dictionary_std::tags;

use super::{Series, code};
use crate::io::dicom::dataset::Dataset;
use crate::io::dicom::series_info::Quantity;

impl Series {
    /// From stored numbers to values.
    pub(super) fn values(&self, set: &mut Dataset) {
        let (info, scale) = (&self.info, self.scale);
        set.numbers(tags::RESCALE_SLOPE, &[scale.slope]);
        set.numbers(tags::RESCALE_INTERCEPT, &[0.0]);
        set.text(
            tags::RESCALE_TYPE,
            if scale.hounsfield { "HU" } else { "US" },
        );
        self.window(set);
        // Not all programs apply a rescaling to MR; this says the same again.
        let [unit, meaning] = info.content.unit();
        let [least, most] = scale.ends();
        let mut item = Dataset::default();
        item.pixel_value(
            tags::REAL_WORLD_VALUE_FIRST_VALUE_MAPPED,
            least,
            scale.signed,
        );
        item.pixel_value(tags::REAL_WORLD_VALUE_LAST_VALUE_MAPPED, most, scale.signed);
        item.numbers(tags::REAL_WORLD_VALUE_INTERCEPT, &[0.0]);
        item.numbers(tags::REAL_WORLD_VALUE_SLOPE, &[scale.slope]);
        item.text(tags::LUT_EXPLANATION, &self.comment());
        item.text(tags::LUT_LABEL, &info.quantity.short());
        item.sequence(
            tags::MEASUREMENT_UNITS_CODE_SEQUENCE,
            vec![code(unit, "UCUM", meaning)],
        );
        set.sequence(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, vec![item]);
    }

    /// Without a window, programs fit one to the pixels, which is right whether they rescale or not.
    fn window(&self, set: &mut Dataset) {
        let usual = match (self.scale.hounsfield, self.info.quantity) {
            (true, Quantity::StandardDeviation) => Some([25.0, 50.0]),
            (true, _) => Some([40.0, 80.0]),
            (false, _) => None,
        };
        let window = self.info.window.or(usual);
        if let Some([centre, width]) = window.filter(|w| w[0].is_finite() && w[1] > 0.0) {
            set.numbers(tags::WINDOW_CENTER, &[centre]);
            set.numbers(tags::WINDOW_WIDTH, &[width]);
            if width < 1.0 {
                set.text(tags::VOILUT_FUNCTION, "LINEAR_EXACT");
            }
        }
    }

    pub(super) fn pixels(&self, set: &mut Dataset, pixels: Vec<i16>) {
        let [_, rows, columns] = self.info.shape;
        set.integer(tags::SAMPLES_PER_PIXEL, 1);
        set.text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
        set.integer(tags::ROWS, rows as i64);
        set.integer(tags::COLUMNS, columns as i64);
        set.integer(tags::BITS_ALLOCATED, 16);
        set.integer(tags::BITS_STORED, 16);
        set.integer(tags::HIGH_BIT, 15);
        set.integer(tags::PIXEL_REPRESENTATION, i64::from(self.scale.signed));
        set.words(tags::PIXEL_DATA, pixels);
    }
}
