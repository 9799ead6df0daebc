//! What the scenario asks of each phase, in the terms of the optimiser.

use super::OPEN_END_DAYS;
use crate::error::{Error, Fault, Faults, Result};
use crate::optimise::phases::Floor;
use crate::scenario::Opens;
use crate::study::{Study, check_budgets};

/// Who counts in a phase, and what it may open.
pub(in crate::rollout) struct PhaseScope {
    pub in_scope: Vec<bool>,
    pub site_in_scope: Vec<bool>,
    /// Sites that may open in it: usable ones in its scope, those it names, none that has closed.
    pub allowed: Vec<bool>,
    pub days: u64,
}

/// A share that some phase promises.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    /// The phase that promises it.
    pub by: usize,
    /// A feature of the equity layer; all people in scope where none.
    pub feature: Option<u32>,
    /// The share.
    pub share: f64,
    /// The people it is a share of, in thousandths.
    pub of: u64,
    /// As a floor of the phase in which it is looked at.
    pub floor: Floor,
}

/// What all phases ask of single sites.
pub(in crate::rollout) struct Named {
    /// For each site, the phase by whose end it must stand.
    pub open_by: Vec<Option<usize>>,
    /// For each site, the phase from whose start on it stands no more.
    pub closes_in: Vec<Option<usize>>,
}

impl Named {
    pub(in crate::rollout) fn of(study: &Study) -> Named {
        let n = study.sites.len();
        let mut named = Named { open_by: vec![None; n], closes_in: vec![None; n] };
        for (s, site) in study.sites.iter().enumerate() {
            let phase = |ids: &dyn Fn(&crate::scenario::Phase) -> bool| study.scenario.phases.iter().position(ids);
            named.open_by[s] = phase(&|p| p.open.contains(&site.site.id)).filter(|_| !site.site.fixed);
            named.closes_in[s] = phase(&|p| p.close.contains(&site.site.id));
        }
        named
    }

    /// Whether a site has not closed by phase `t`.
    pub(in crate::rollout) fn stays(&self, s: usize, t: usize) -> bool {
        self.closes_in[s].is_none_or(|closes| t < closes)
    }
}

/// The scopes of all phases.
pub(in crate::rollout) fn scopes(study: &Study, named: &Named) -> Result<Vec<PhaseScope>> {
    (0..study.scenario.phases.len()).map(|t| phase_scope(study, named, t)).collect()
}

/// Whether the phases of a study can be solved at all: their budgets and their scopes.
///
/// # Errors
/// All that is wrong with them: `phases::…`, `scope::…`.
pub fn check_phases(study: &Study) -> Result<()> {
    let mut faults = Faults::default();
    let n_fixed = study.sites.iter().filter(|s| s.site.fixed).count();
    faults.keep(check_budgets(&study.scenario, n_fixed))?;
    let named = Named::of(study);
    for t in 0..study.scenario.phases.len() {
        faults.keep(phase_scope(study, &named, t))?;
    }
    faults.finish()
}

fn phase_scope(study: &Study, named: &Named, t: usize) -> Result<PhaseScope> {
    let phase = &study.scenario.phases[t];
    let n_modes = study.modes.len();
    let rows = study.row_persons.len();
    let (in_scope, site_in_scope): (Vec<bool>, Vec<bool>) = match &phase.scope {
        None => (vec![true; rows], vec![true; study.sites.len()]),
        Some(scope) => {
            let (layer, inside) = study.scope_features(scope)?;
            let belongs = |feature: Option<u32>| feature.is_some_and(|f| inside[f as usize]);
            (
                (0..rows).map(|row| belongs(study.cell_boundary[layer][row / n_modes])).collect(),
                study.sites.iter().map(|s| belongs(s.boundary[layer])).collect(),
            )
        }
    };
    let allowed = (0..study.sites.len())
        .map(|s| {
            let inside = site_in_scope[s] || named.open_by[s] == Some(t);
            phase.opens != Opens::Nothing && inside && study.sites[s].usable && named.stays(s, t)
        })
        .collect();
    Ok(PhaseScope { in_scope, site_in_scope, allowed, days: days(study, t) })
}

/// The days that a phase counts for: until the next begins, until its own end, or a year.
pub(in crate::rollout) fn days(study: &Study, t: usize) -> u64 {
    let phase = &study.scenario.phases[t];
    let next = study.scenario.phases.get(t + 1).map(|p| p.starts);
    let days = match (next, phase.ends) {
        (Some(next), _) => phase.starts.days_to(next),
        (None, Some(ends)) => phase.starts.days_to(ends) + 1,
        (None, None) => OPEN_END_DAYS as i64,
    };
    days.max(1) as u64
}

/// One flag a row: whether some site that may stand in phase `t` serves it.
pub(super) fn coverable(study: &Study, named: &Named, t: usize) -> Vec<bool> {
    let may = |s: u32| {
        let site = &study.sites[s as usize];
        (site.usable || site.site.fixed) && named.stays(s as usize, t)
    };
    (0..study.cover.rows()).map(|row| study.cover.row(row).iter().any(|p| may(p.site))).collect()
}

/// The rows of each feature of the equity layer that count in phase `t` (people in its scope whom a site can serve), with
/// their people; features without any are left out.
pub(super) fn features(study: &Study, named: &Named, scope: &PhaseScope, t: usize) -> Vec<(u32, Vec<(u32, u64)>)> {
    let Some(layer) = study.scenario.equity_layer().filter(|&l| l < study.layers.len()) else { return Vec::new() };
    let n_modes = study.modes.len();
    let coverable = coverable(study, named, t);
    let mut rows: Vec<Vec<(u32, u64)>> = vec![Vec::new(); study.layers[layer].features.len()];
    for row in (0..study.row_persons.len()).filter(|&row| scope.in_scope[row] && coverable[row]) {
        let persons = study.row_persons[row].0;
        if let Some(feature) = study.cell_boundary[layer][row / n_modes].filter(|_| persons > 0) {
            rows[feature as usize].push((row as u32, persons));
        }
    }
    (0_u32..).zip(rows).filter(|(_, rows)| !rows.is_empty()).collect()
}

/// What must be reached by the end of phase `t`: what it promises itself, and what earlier ones have promised, which only a
/// site that closes in between can put in doubt.
pub(super) fn promises(study: &Study, named: &Named, scopes: &[PhaseScope], t: usize) -> Vec<Promise> {
    let mut found = Vec::new();
    for (by, asked) in study.scenario.phases[..=t].iter().enumerate() {
        let closes_between = (0..study.sites.len()).any(|s| named.closes_in[s].is_some_and(|c| by < c && c <= t));
        if by < t && !closes_between {
            continue;
        }
        let phase = t as u32;
        if let Some(share) = asked.min_coverage {
            let rows: Vec<(u32, u64)> = (0..study.row_persons.len())
                .filter(|&row| scopes[by].in_scope[row] && study.row_persons[row].0 > 0)
                .map(|row| (row as u32, study.row_persons[row].0))
                .collect();
            let of = rows.iter().map(|row| row.1).sum();
            found.push(Promise { by, feature: None, share, of, floor: Floor { phase, rows, least: part(share, of) } });
        }
        if let Some(share) = asked.floor {
            for (feature, rows) in features(study, named, &scopes[by], t) {
                let of = rows.iter().map(|row| row.1).sum();
                let floor = Floor { phase, rows, least: part(share, of) };
                found.push(Promise { by, feature: Some(feature), share, of, floor });
            }
        }
    }
    found
}

/// The least whole number that is at least the share; a millionth is forgiven to shares such as 0.1.
fn part(share: f64, of: u64) -> u64 {
    ((share * of as f64 - 1e-6).ceil().max(0.0) as u64).min(of)
}

/// Money in thousandths.
pub(in crate::rollout) fn milli(money: f64) -> u64 {
    (money * 1000.0).round() as u64
}

/// What each site costs, in thousandths, where some phase has a budget; else 1 each.
///
/// # Errors
/// `phases::cost` where a site that may stand has no cost.
pub(in crate::rollout) fn costs(study: &Study) -> Result<Vec<u64>> {
    if study.scenario.phases.iter().all(|p| p.budget.is_none()) {
        return Ok(vec![1; study.sites.len()]);
    }
    if let Some(site) = study.sites.iter().find(|s| (s.usable || s.site.fixed) && s.site.cost_milli.is_none()) {
        let message = format!("`{}` has no cost, but a phase has a budget", site.site.id);
        let help = "fill in the column `cost` of every site that may stand, 0 where it costs nothing";
        return Err(Error::Input(vec![Fault::new("phases::cost", message).file(study.file_of(site)).help(help)]));
    }
    Ok(study.sites.iter().map(|s| s.site.cost_milli.unwrap_or(0)).collect())
}
