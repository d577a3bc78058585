//! Phases: what was done when, named at the axis of the timeline.

/// Something that began. It lasts until the next begins.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    pub(super) name: String,
    /// In nanoseconds from the start.
    pub(super) begins: u64,
}

/// Puts labels at their places on an axis, in as few rows as it takes so that none touches another:
/// for each label its row, and how far from the left it begins. A label is moved to the left where
/// it would stand out at the right.
///
/// `places` has for each label where it should begin and how wide it is, from left to right.
pub(super) fn in_rows(places: &[(f32, f32)], width: f32, gap: f32) -> Vec<(usize, f32)> {
    let mut ends: Vec<f32> = Vec::new();
    let place = |&(begins, wide): &(f32, f32)| {
        let begins = begins.min(width - wide).max(0.0);
        let free = ends.iter().position(|&end| end + gap <= begins).unwrap_or(ends.len());
        if free == ends.len() {
            ends.push(0.0);
        }
        ends[free] = begins + wide;
        (free, begins)
    };
    places.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::in_rows;

    #[test]
    fn labels_that_would_touch_stand_in_rows() {
        let rows = in_rows(&[(0.0, 30.0), (50.0, 30.0), (60.0, 30.0)], 100.0, 5.0);
        assert_eq!(rows, [(0, 0.0), (0, 50.0), (1, 60.0)]);
    }

    #[test]
    fn a_label_at_the_end_is_moved_to_the_left() {
        assert_eq!(in_rows(&[(90.0, 30.0)], 100.0, 5.0), [(0, 70.0)]);
        assert_eq!(in_rows(&[(0.0, 300.0)], 100.0, 5.0), [(0, 0.0)]);
    }
}
