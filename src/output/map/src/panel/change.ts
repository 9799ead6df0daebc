/** A change in an arrow, a signed number and a word: never in colour alone. */
import type { Words } from './context'
import { el } from './dom'

/** What a rise of a value means. */
export type Meaning = 'more-is-better' | 'less-is-better' | 'neither'

export const difference = (now: number | null | undefined, then: number | null | undefined): number | null =>
  typeof now === 'number' && typeof then === 'number' ? now - then : null

/** The change, or a dash with the word "unknown". `shown` writes it with its sign. */
export function change(value: number | null, shown: (value: number) => string, { t }: Words, meaning: Meaning): HTMLElement {
  if (value === null || !Number.isFinite(value)) return el('span', { class: 'change none' }, t('change.unknown'))
  const written = shown(value)
  // What rounds to nothing is shown as no change.
  if (!/[1-9]/.test(written)) return el('span', { class: 'change same' }, el('span', {}, '='), ' ', el('small', {}, t('change.same')))
  const rises = value > 0
  const kind = meaning === 'neither' ? 'other' : rises === (meaning === 'more-is-better') ? 'better' : 'worse'
  const word = kind === 'other' ? t(rises ? 'change.more' : 'change.less') : t(`change.${kind}`)
  return el('span', { class: `change ${kind}` }, el('span', {}, `${rises ? '▲' : '▼'}\u00a0${written}`), ' ', el('small', {}, word))
}
