/** The agents of the phase, the places not reached, the phases as a table, and what stands behind the figures. */
import type { Selection } from '../selection'
import { proof, words, type Context, type Part, type Words } from './context'
import { button, disclosure, el, type Child } from './dom'

const MOST = 200

function picks<T>(context: Context, items: T[], w: Words, label: (item: T) => [string, string], to: (item: T) => Selection): Child {
  return el(
    'ol',
    { class: 'picks' },
    ...items.slice(0, MOST).map(item => {
      const [name, figure] = label(item)
      const made = button({ class: 'link' }, name, () => context.select(to(item), true))
      return el('li', {}, made, el('small', {}, figure))
    }),
    items.length > MOST && el('li', { class: 'none' }, w.t('list.more', { number: w.format.count(items.length - MOST) }))
  )
}

/** The agents that open in the chosen phase. */
export function agentsOfPhase(context: Context): Part {
  const part = disclosure('agents-list')
  return {
    root: part.root,
    update(view) {
      const w = words(view)
      const opened = context.run.agents
        .map((agent, index) => ({ agent, index }))
        .filter(({ agent }) => agent.phase === view.phase && !agent.fixed)
        .sort((a, b) => (a.agent.order ?? Infinity) - (b.agent.order ?? Infinity))
      const people = (persons: number | null) => (persons === null ? '' : `${w.format.change(persons)} ${w.t('unit.person')}`)
      part.set(
        w.t('list.agents', { number: w.format.count(opened.length) }),
        opened.length === 0
          ? el('p', {}, w.t('list.agents.none'))
          : picks(context, opened, w, ({ agent }) => [agent.name, people(agent.persons_marginal)], ({ index }) => ({ kind: 'agent', index }))
      )
    }
  }
}

/** The places that stay out of reach. */
export function uncoveredPlaces(context: Context): Part {
  const part = disclosure('uncovered-list')
  const places = context.run.uncovered
    .map((place, index) => ({ place, index }))
    .sort((a, b) => b.place.persons - a.place.persons)
  return {
    root: part.root,
    update(view) {
      const w = words(view)
      part.set(
        w.t('list.uncovered', { number: w.format.count(places.length) }),
        places.length === 0
          ? el('p', {}, w.t('list.uncovered.none'))
          : picks(context, places, w,
              ({ place }) => [place.name, `${w.format.count(place.persons)} ${w.t('unit.person')}`],
              ({ index }) => ({ kind: 'uncovered', index }))
      )
    }
  }
}

/** All phases as a table: the figures behind the bars. */
export function phaseTable({ run }: Context): Part {
  const part = disclosure('phase-table')
  return {
    root: part.root,
    update(view) {
      const w = words(view)
      const { t, format } = w
      const heads = [t('table.phase'), t('table.agents'), t('table.covered'), t('table.share'), t('table.time')]
      part.set(
        t('table.title'),
        el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('table.title') }, el(
          'table',
          {},
          el('thead', {}, el('tr', {}, ...heads.map(head => el('th', { scope: 'col' }, head)))),
          el('tbody', {}, ...run.phases.map((phase, i) => el(
            'tr',
            i === view.phase ? { class: 'now', 'aria-current': 'true' } : {},
            el('th', { scope: 'row' }, `${i + 1}. ${w.pick(phase.name)}`, el('small', {}, format.dates(phase.starts, phase.ends)), el('small', {}, proof(phase, w))),
            ...[format.count(phase.agents), format.count(phase.covered), format.share(phase.covered_share),
              format.minutes(phase.mean_time_s)].map(value => el('td', {}, value))
          )))
        ))
      )
    }
  }
}

/** Assumptions, modes, sources. */
export function about({ run }: Context): Part {
  const part = disclosure('about')
  const list = (items: string[]) => el('ul', { class: 'plain' }, ...items.map(item => el('li', {}, item)))
  return {
    root: part.root,
    update(view) {
      const w = words(view)
      const { t, format } = w
      part.set(
        t('about.title'),
        run.notes.length > 0 && el('h3', {}, t('about.notes')),
        run.notes.length > 0 && list(run.notes.map(w.pick)),
        run.modes.length > 0 && el('h3', {}, t('about.modes')),
        run.modes.length > 0 && list(run.modes.map(mode => t('about.mode', { mode: w.pick(mode.name), share: format.share(mode.share) }))),
        el('h3', {}, t('about.sources')),
        list(run.attribution),
        el('p', {}, t('about.made', { version: run.version }))
      )
    }
  }
}
