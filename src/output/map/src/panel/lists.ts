/** The agents of the phase, the places not reached, the phases as a table, and what stands behind the figures. */
import { stands } from '../map/agents'
import type { Selection } from '../selection'
import { phaseTitle, proof, words, type Context, type Part, type Words } from './context'
import { button, data, disclosure, el, table, type Child } from './dom'

const MOST = 200

function picks<T>(context: Context, items: T[], w: Words, label: (item: T) => [string, string], to: (item: T) => Selection): Child {
  return el(
    'ol',
    { class: 'picks' },
    ...items.slice(0, MOST).map(item => {
      const [name, figure] = label(item)
      const made = button({ class: 'link' }, data(name), () => context.select(to(item), true))
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
      const all = context.run.agents.map((agent, index) => ({ agent, index }))
      const opened = all
        .filter(({ agent }) => agent.phase === view.phase && !agent.fixed && stands(agent, view.phase))
        .sort((a, b) => (a.agent.order ?? Infinity) - (b.agent.order ?? Infinity))
      const people = (persons: number | null) => (persons === null ? '' : w.t('unit.people', { number: w.format.change(persons) }))
      part.set(
        w.t('list.agents', { number: w.format.count(opened.length) }),
        opened.length === 0
          ? el('p', { class: 'quiet' }, w.t('list.agents.none'))
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
          ? el('p', { class: 'quiet' }, w.t('list.uncovered.none'))
          : picks(context, places, w,
              ({ place }) => [place.name, w.t('unit.people', { number: w.format.count(place.persons) })],
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
      const heads = [t('table.phase'), t('table.agents'), t('table.covered'), t('table.share'), t('table.time'), t('table.p90')]
      const rows = run.phases.map((phase, i) => ({
        head: el('span', {}, data(phaseTitle(run, i, w)), el('small', {}, format.dates(phase.starts, phase.ends)), el('small', {}, proof(phase, w))) as Child,
        now: i === view.phase,
        values: [format.count(phase.agents), format.count(phase.covered), format.share(phase.covered_share),
          format.minutes(phase.mean_time_s), format.minutes(phase.p90_time_s)]
      }))
      const { today } = run
      if (today) rows.unshift({
        head: t('indicator.today'), now: false,
        values: [format.count(today.offices), format.count(today.covered), format.share(today.covered_share),
          format.minutes(today.mean_time_s), format.minutes(today.p90_time_s)]
      })
      part.set(t('table.title'), table(t('table.title'), heads, rows))
    }
  }
}

/** How many people so many agents can serve at most. Nothing where the run did not work it out. */
export function frontier({ run }: Context): Part {
  const part = disclosure('frontier')
  part.root.hidden = !run.frontier || run.frontier.length === 0
  return {
    root: part.root,
    update(view) {
      const { t, format } = words(view)
      part.set(t('frontier.title'), el('p', { class: 'quiet' }, t('frontier.says')),
        table(t('frontier.title'), [t('table.agents'), t('table.covered'), t('table.share'), t('frontier.bound')], (run.frontier ?? []).map(point => ({
          head: format.count(point.agents),
          values: [format.count(point.persons), format.share(point.share), format.count(point.bound_persons)]
        }))))
    }
  }
}

/** Assumptions, modes, sources. */
export function about(contexts: Context[]): Part {
  const part = disclosure('about')
  const list = (items: Child[]) => el('ul', { class: 'plain' }, ...items.map(item => el('li', {}, item)))
  const of = ({ run, side }: Context, w: Words): Child[] => {
    const { t, format } = w
    const sources = run.sources.map(source => el('span', {}, t(`source.${source.of}`), ': ', data(w.pick(source.name)),
      [source.date, source.licence].filter(Boolean).map(part => `; ${part}`).join(''), source.url && el('span', { class: 'address' }, '; ', data(source.url))))
    return [
      contexts.length > 1 && el('h3', {}, el('span', { class: `badge ${side}` }, side.toUpperCase()), ' ', data(w.pick(run.title))),
      run.notes.length > 0 && el('h3', {}, t('about.notes')),
      run.notes.length > 0 && list(run.notes.map(note => data(w.pick(note)))),
      run.modes.length > 0 && el('h3', {}, t('about.modes')),
      run.modes.length > 0 && list(run.modes.map(mode => t('about.mode', { mode: w.pick(mode.name), share: format.share(mode.share) }))),
      el('h3', {}, t('about.sources')),
      list([...sources, ...run.attribution.map(data)]),
      el('p', {}, t(run.tiles ? 'about.made_tiles' : 'about.made', { version: run.version }))
    ]
  }
  return {
    root: part.root,
    update(view) {
      const w = words(view)
      part.set(w.t('about.title'), ...contexts.flatMap(context => of(context, w)))
    }
  }
}
