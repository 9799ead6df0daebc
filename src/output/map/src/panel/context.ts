/** What every part of the panel needs. */
import { Format } from '../format'
import type { Run } from '../run'
import type { Selection } from '../selection'
import type { Store, View } from '../state'
import { pick, text, type Key } from '../strings'
import type { Bilingual, Phase } from '../types'

export interface Context {
  run: Run
  store: Store
  /** Shows the details of something; with `fly`, the map goes there. */
  select: (selection: Selection | null, fly?: boolean) => void
}

/** A part of the page that follows the view. */
export interface Part {
  root: HTMLElement
  update: (view: View) => void
}

/** The words and numbers of a view's language. */
export interface Words {
  t: (key: Key, values?: Record<string, string>) => string
  pick: (both: Bilingual) => string
  format: Format
}

export function words(view: View): Words {
  return {
    t: (key, values) => text(view.lang, key, values),
    pick: both => pick(view.lang, both),
    format: new Format(view.lang)
  }
}

/** The name of the mode that the cells' times are for. */
export function mainMode(run: Run, { pick, t }: Words): string {
  return run.mainMode ? pick(run.mainMode.name).toLocaleLowerCase() : t('mode.unknown')
}

/** What is known of how good a phase's solution is. "Optimal" only when the gap is closed. */
export function proof(phase: Phase, { t, format }: Words): string {
  if (phase.status === 'nothing_to_open') return t('proof.nothing')
  if (phase.status === 'optimal') return t('proof.optimal')
  const gap = phase.gap === null ? '–' : format.share(phase.gap, 2)
  const known = ['time_limit', 'gap_reached', 'unproven'] as const
  const status = known.find((status) => status === phase.status)
  const reason = status ? t(`proof.${status}`) : phase.status
  return `${t('proof.gap', { gap })}; ${reason}`
}

/** Objective and bound with their unit; empty when nothing was solved. */
export function proofValues(phase: Phase, { t, format }: Words): string {
  if (phase.objective === null || phase.bound === null || phase.status === 'nothing_to_open') return ''
  const units = ['sites', 'person-days', 'weighted person-days'] as const
  const known = units.find((unit) => unit === phase.objective_unit)
  const unit = known ? t(`proof.unit.${known}`) : phase.objective_unit
  return t('proof.values', { objective: format.decimal(phase.objective), bound: format.decimal(phase.bound), unit })
}
