//! What charts need: even scales with round steps.

/// A scale from values to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// The values `from` to `to` on the pixels `start` to `end`.
    pub fn new([from, to]: [f64; 2], [start, end]: [f64; 2]) -> Scale {
        Scale { from, to, start, end }
    }

    /// The pixel of a value; values beyond the ends lie at the ends.
    pub fn at(&self, value: f64) -> f64 {
        let part = if self.to > self.from { (value - self.from) / (self.to - self.from) } else { 0.0 };
        let part = if part.is_nan() { 0.0 } else { part.clamp(0.0, 1.0) };
        self.start + part * (self.end - self.start)
    }

    /// The round values of the scale, at most about so many.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let step = tick_step(self.to - self.from, most);
        let first = (self.from / step).ceil();
        let all = (0..=most.max(1) + 1).map(|i| (first + i as f64) * step);
        all.take_while(|v| *v <= self.to + step * 1e-9).collect()
    }
}

/// The least of 1, 2 or 5 times a power of ten with which `most` steps reach from 0 to `end`.
pub fn tick_step(end: f64, most: usize) -> f64 {
    let least = end / most.max(1) as f64;
    if !(least > 0.0 && least.is_finite()) {
        return 1.0;
    }
    let ten = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * ten).find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * ten)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_by_hand() {
        // 62 in at most ten steps: 6.2 a step, so tens. 20 in ten: twos. 0.9 in five: 0.18, so 0.2.
        assert_eq!((tick_step(62.0, 10), tick_step(20.0, 10)), (10.0, 2.0));
        assert!((tick_step(0.9, 5) - 0.2).abs() < 1e-12);
        assert_eq!((tick_step(0.0, 5), tick_step(f64::NAN, 5)), (1.0, 1.0));
    }

    #[test]
    fn scales_by_hand() {
        // 30 of 0 to 60 is half of the way from 100 to 300; downwards too.
        let across = Scale::new([0.0, 60.0], [100.0, 300.0]);
        assert_eq!(
            (across.at(30.0), across.at(-5.0), across.at(99.0), across.at(f64::NAN)),
            (200.0, 100.0, 300.0, 100.0)
        );
        assert_eq!(Scale::new([0.0, 1.0], [500.0, 100.0]).at(0.25), 400.0);
        assert_eq!(across.ticks(6), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        assert_eq!(Scale::new([7.0, 21.0], [0.0, 1.0]).ticks(3), [10.0, 15.0, 20.0]);
        assert_eq!(Scale::new([0.0, 0.0], [5.0, 9.0]).ticks(4), [0.0]);
    }
}
