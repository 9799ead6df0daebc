/** What every part of the page needs. */
import { Format } from '../format'
import type { Run } from '../run'
import type { Selection } from '../selection'
import type { Access, View } from '../state'
import { pick, text, type Key } from '../strings'
import type { Bilingual, Phase } from '../types'
import { el } from './dom'

/** Of two compared runs, the first or the second. A single run is `a`. */
export type Side = 'a' | 'b'

export interface Context {
  run: Run
  side: Side
  store: Access
  /** The other run where two are compared. */
  other: Context | null
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

const WORDS = new Map<string, Words>()

export function words({ lang }: Pick<View, 'lang'>): Words {
  let found = WORDS.get(lang)
  if (!found) {
    found = { t: (key, values) => text(lang, key, values), pick: both => pick(lang, both), format: new Format(lang) }
    WORDS.set(lang, found)
  }
  return found
}

/** The name of the mode that the cells' times are for. */
export function mainMode(run: Run, { pick, t }: Words): string {
  return run.mainMode ? pick(run.mainMode.name).toLocaleLowerCase() : t('mode.unknown')
}

/** The number and name of a phase, the number left out where the name begins with it. */
export function phaseTitle(run: Run, index: number, { t, pick }: Words): string {
  const phase = run.phases[index]
  if (!phase) return '–'
  const name = pick(phase.name)
  return /\d/.test(name.slice(0, 14)) ? name : t('phase.numbered', { number: String(index + 1), name })
}

/** The caption of a table, told apart from the other run's where two are compared. */
export const captionOf = ({ side, other }: Context, caption: string): string => (other ? `${side.toUpperCase()}: ${caption}` : caption)

/** The number of a phase for a narrow table; its name is there for screen readers and for the pointer. */
export function phaseNumber(run: Run, index: number, w: Words): HTMLElement {
  const name = phaseTitle(run, index, w)
  return el('span', { title: name }, el('span', { 'aria-hidden': 'true' }, String(index + 1)), el('span', { class: 'visually-hidden' }, name))
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

/** The standard in one sentence. */
export function standardOf(run: Run, { t, format }: Words): string {
  const { minutes, radius_m, rule } = run.standard
  return t(`standard.${rule}`, { minutes: format.decimal(minutes), radius: format.distance(radius_m) })
}
