/** The indicators that colour the areas of the first boundary layer. */
import { areaPeopleBands, areaTimeBands, changeBands, shareBands, type ClassBand } from '../palette'
import type { Run } from '../run'
import type { BoundaryProperties } from '../types'

export const INDICATORS = [
  'served', 'mean_time', 'p90_time', 'worst_time', 'people', 'change_before', 'change_today'
] as const
export type Indicator = (typeof INDICATORS)[number]

/** What a value counts: decides its unit, its classes and how it is written. */
export type Measure = 'share' | 'time' | 'people' | 'points'

export function measureOf(indicator: Indicator): Measure {
  if (indicator === 'served') return 'share'
  if (indicator === 'people') return 'people'
  return indicator === 'change_before' || indicator === 'change_today' ? 'points' : 'time'
}

const difference = (now: number | null | undefined, then: number | null | undefined): number | null =>
  typeof now === 'number' && typeof then === 'number' ? now - then : null

/** The value of an area in a phase: a share from 0 to 1, seconds, people, or the change of a share; null where unknown. */
export function indicatorValue(area: BoundaryProperties, indicator: Indicator, phase: number): number | null {
  const now = area.phases[phase]
  switch (indicator) {
    case 'served': return now?.covered_share ?? null
    case 'mean_time': return now?.mean_time_s ?? null
    case 'p90_time': return now?.p90_time_s ?? null
    case 'worst_time': return now?.worst_time_s ?? null
    case 'people': return area.persons
    case 'change_before': return difference(now?.covered_share, area.phases[phase - 1]?.covered_share)
    case 'change_today': return difference(now?.covered_share, area.today?.covered_share)
  }
}

/** The classes of an indicator, in the order of the legend; they are the same in every phase. */
export function indicatorBands(run: Pick<Run, 'boundaries' | 'standard'>, indicator: Indicator): ClassBand[] {
  switch (measureOf(indicator)) {
    case 'share': return shareBands()
    case 'time': return areaTimeBands(run.standard)
    case 'points': return changeBands()
    case 'people': return areaPeopleBands((run.boundaries[0]?.features.features ?? []).map(f => f.properties.persons ?? 0))
  }
}
