/** The strip of indicators of the phase, each with its change against the phase before. */
import type { Phase } from '../types'
import { proof, proofValues, words, type Context, type Part, type Words } from './context'
import { el, type Child } from './dom'

/** A change against the phase before, with a direction that does not depend on colour. Empty when there is none. */
function change(value: number | null, shown: (value: number) => string, { t }: Words, lessIsBetter = false): Child {
  if (value === null || !Number.isFinite(value)) return null
  // What rounds to nothing is shown as no change.
  const same = !/[1-9]/.test(shown(value))
  const better = lessIsBetter ? value < 0 : value > 0
  const kind = same ? 'same' : better ? 'better' : 'worse'
  const sign = same ? '=' : value > 0 ? '▲' : '▼'
  return el('span', { class: `change ${kind}`, title: t('indicator.since', { change: shown(value) }) }, `${sign} ${shown(value)}`)
}

const difference = (now: number | null, before: number | null | undefined): number | null =>
  now === null || before === null || before === undefined ? null : now - before

function card(term: string, value: string, changed: Child, note: string): HTMLElement {
  return el('div', { class: 'card' }, el('dt', {}, term), el('dd', {}, el('b', {}, value), changed, el('small', {}, note)))
}

/** One bar a phase, the chosen one strong; figures stand in the table of phases. */
function bars(phases: Phase[], chosen: number, label: string): HTMLElement {
  const root = el('div', { class: 'bars', role: 'img', 'aria-label': label })
  phases.forEach((phase, i) => {
    const bar = el('span', i === chosen ? { class: 'now' } : {})
    bar.style.height = `${Math.max(2, Math.min(1, phase.covered_share) * 100)}%`
    root.append(bar)
  })
  return root
}

export function indicators({ run }: Context): Part {
  const root = el('section', { class: 'indicators' })
  return {
    root,
    update(view) {
      const w = words(view)
      const { t, format } = w
      const phase = run.phases[view.phase]
      const before = run.phases[view.phase - 1]
      root.setAttribute('aria-label', t('indicator.title'))
      if (!phase) return root.replaceChildren()
      // The fourth card is the scope's where the phase has one, or else the worst time.
      const scoped = typeof phase.scope_covered_share === 'number' ? phase.scope : null
      const summary = run.phases.map((p, i) => `${i + 1}: ${format.share(p.covered_share)}`).join('; ')
      const hero = el(
        'div',
        { class: 'hero', 'aria-live': 'polite' },
        el(
          'div',
          {},
          el('b', { class: 'hero-value' }, format.share(phase.covered_share)),
          change(difference(phase.covered_share, before?.covered_share), v => format.points(v), w),
          el('p', {}, t('indicator.covered_share'))
        ),
        run.phases.length > 1 && bars(run.phases, view.phase, `${t('indicator.by_phase')}: ${summary}`)
      )
      const cards = el(
        'dl',
        { class: 'cards' },
        card(
          t('indicator.agents'), format.count(phase.agents),
          change(difference(phase.agents, before?.agents), v => format.change(v), w),
          t('indicator.opened', { number: format.count(phase.opened) })
        ),
        card(
          t('indicator.covered'), format.count(phase.covered),
          change(difference(phase.covered, before?.covered), v => format.change(v), w),
          t('indicator.covered_of', { persons: format.count(phase.persons) })
        ),
        card(
          t('indicator.mean_time'), format.minutes(phase.mean_time_s),
          change(difference(phase.mean_time_s, before?.mean_time_s), v => format.minutesChange(v), w, true),
          scoped && phase.worst_time_s !== null ? t('indicator.worst_note', { time: format.minutes(phase.worst_time_s) }) : ''
        ),
        scoped
          ? card(
              t('indicator.scope', { scope: w.pick(scoped) }), format.share(phase.scope_covered_share), null,
              t('indicator.scope_of', { persons: format.count(phase.scope_persons) })
            )
          : card(
              t('indicator.worst_time'), format.minutes(phase.worst_time_s),
              change(difference(phase.worst_time_s, before?.worst_time_s), v => format.minutesChange(v), w, true), ''
            ),
        card(t('indicator.proof'), proof(phase, w), null, proofValues(phase, w))
      )
      cards.lastElementChild?.classList.add('proof', phase.status === 'optimal' ? 'proven' : 'open')
      root.replaceChildren(hero, cards)
    }
  }
}
