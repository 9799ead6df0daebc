//! Power diagrams (weighted Voronoi diagrams) whose cells have given areas.

use super::plane::{P, Points, p, ring_area};

/// The power cells of the sites within a ring, with weights found so that each cell has its wanted area.
///
/// The cell of site i holds the points q with |q − i|² − wᵢ least. Raising wᵢ by dw grows the cell by dw times the sum
/// over its neighbours of (shared border) / (2 · distance of the sites); each round moves every weight by that rule
/// (a damped Jacobi step of Newton's method, as in semi-discrete optimal transport). The wanted areas sum to the ring's.
/// Starts from the given weights and improves them.
pub(crate) fn balance(ring: &[P], sites: &[P], wanted: &[f64], rounds: usize, weights: &mut [f64]) {
    for _ in 0..rounds {
        let mut step = vec![0.0; sites.len()];
        let mut worst: f64 = 0.0;
        for k in 0..sites.len() {
            let (cell, neighbours) = convex_cell(sites, weights, k);
            let part = clip(ring, &cell);
            let area = ring_area(&part).max(0.0);
            let stiffness: f64 = neighbours.iter().map(|&(j, border)| border / (2.0 * sites[k].to(sites[j]))).sum();
            worst = worst.max((area / wanted[k] - 1.0).abs());
            // A vanished cell has no border: any push will do.
            step[k] = (wanted[k] - area) / stiffness.max(0.3);
        }
        for (w, s) in weights.iter_mut().zip(&step) {
            *w += 0.6 * s.clamp(-20.0, 20.0);
        }
        if worst < 0.002 {
            break;
        }
    }
}

/// The convex power cell of one site in a large box, and the length of border that it shares with each neighbour.
pub(crate) fn convex_cell(sites: &[P], weights: &[f64], k: usize) -> (Points, Vec<(usize, f64)>) {
    const BOX: f64 = 300.0;
    let mut cell = vec![p(-BOX, -BOX), p(BOX, -BOX), p(BOX, BOX), p(-BOX, BOX)];
    let mut labels: Vec<Option<usize>> = vec![None; 4];
    for j in 0..sites.len() {
        if j != k {
            // Keep q with 2 q·(j − i) <= |j|² − |i|² − wⱼ + wᵢ.
            let normal = (sites[j] - sites[k]) * 2.0;
            let offset = sites[j].dot(sites[j]) - sites[k].dot(sites[k]) - weights[j] + weights[k];
            cut(&mut cell, &mut labels, normal, offset, Some(j));
        }
    }
    let mut neighbours = Vec::new();
    for (e, label) in labels.iter().enumerate() {
        if let Some(j) = label {
            // Borders far outside the city tell nothing about the cell's stiffness.
            let (a, b) = (cell[e], cell[(e + 1) % cell.len()]);
            neighbours.push((*j, a.to(b).min(25.0)));
        }
    }
    (cell, neighbours)
}

/// The part of a ring inside a convex cell (Sutherland–Hodgman). Where the ring is not convex, separate parts come out
/// joined by lines of no width: the area is right, the shape is not to be drawn.
fn clip(ring: &[P], cell: &[P]) -> Points {
    let mut part = ring.to_vec();
    let mut labels = vec![None; part.len()];
    for e in 0..cell.len() {
        let (a, b) = (cell[e], cell[(e + 1) % cell.len()]);
        let normal = (b - a).left() * -1.0;
        cut(&mut part, &mut labels, normal, normal.dot(a), None);
    }
    part
}

/// Keeps the part of a ring with `normal · q <= offset`; the new edge gets the label.
fn cut(ring: &mut Points, labels: &mut Vec<Option<usize>>, normal: P, offset: f64, label: Option<usize>) {
    let depth: Vec<f64> = ring.iter().map(|q| normal.dot(*q) - offset).collect();
    if depth.iter().all(|d| *d <= 0.0) {
        return;
    }
    let (mut kept, mut kept_labels) = (Points::with_capacity(ring.len() + 2), Vec::with_capacity(ring.len() + 2));
    for e in 0..ring.len() {
        let f = (e + 1) % ring.len();
        if depth[e] <= 0.0 {
            kept.push(ring[e]);
            kept_labels.push(labels[e]);
        }
        if (depth[e] <= 0.0) != (depth[f] <= 0.0) {
            kept.push(ring[e].towards(ring[f], depth[e] / (depth[e] - depth[f])));
            kept_labels.push(if depth[e] <= 0.0 { label } else { labels[e] });
        }
    }
    *ring = kept;
    *labels = kept_labels;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sites_share_a_square_one_to_three() {
        // In the unit square, sites at x = 0.25 and 0.75, areas 1/4 and 3/4: the border stands at x = 1/4.
        let ring = [p(0.0, 0.0), p(1.0, 0.0), p(1.0, 1.0), p(0.0, 1.0)];
        let sites = [p(0.25, 0.5), p(0.75, 0.5)];
        let mut weights = [0.0; 2];
        balance(&ring, &sites, &[0.25, 0.75], 5000, &mut weights);
        let part = clip(&ring, &convex_cell(&sites, &weights, 0).0);
        assert!((ring_area(&part) - 0.25).abs() < 0.003, "{}", ring_area(&part));
    }
}
