/** The panel of two compared runs: what differs between them in the phases shown. */
import { agentDifferences, areaDifferences, cautions, type AreaDifference } from '../compare'
import type { Key } from '../strings'
import { change, difference } from './change'
import { phaseTitle, words, type Context, type Part, type Words } from './context'
import { button, data, disclosure, el, fill, table, type Child } from './dom'
import { indicatorsOf } from './indicators'

const MOST_AREAS = 6
const MOST_AGENTS = 200

const badge = (side: 'a' | 'b') => el('span', { class: `badge ${side}` }, side.toUpperCase())

/** The two runs by name, and what to mind when comparing them. */
export function runsCompared(a: Context, b: Context): Part {
  const list = cautions(a.run, b.run)
  const title = el('h2')
  const body = el('div')
  return {
    root: el('section', { class: 'cautions', hidden: list.length === 0 }, title, body),
    update(view) {
      const { t } = words(view)
      title.textContent = t('compare.mind')
      fill(body, el('ul', { class: 'plain' }, ...list.map(caution => el('li', {}, t(`compare.caution.${caution}`, { a: a.run.version, b: b.run.version })))))
    }
  }
}

/** The indicators of both phases with the difference B − A. */
export function indicatorDifferences(a: Context, b: Context): Part {
  const title = el('h2')
  const body = el('div')
  return {
    root: el('section', { class: 'differences' }, title, body),
    update(view) {
      const w = words(view)
      const { t, format } = w
      title.textContent = t('compare.title')
      const [phaseA, phaseB] = [a.run.phases[a.store.view.phase], b.run.phases[b.store.view.phase]]
      if (!phaseA || !phaseB) return fill(body)
      const [ofA, ofB] = [indicatorsOf(phaseA, undefined, null, w), indicatorsOf(phaseB, undefined, null, w)]
      const share = { ...(ofA[0] as typeof ofA[number]), id: 'share', name: t('indicator.share'), now: phaseA.covered_share, note: null,
        shown: (v: number | null) => format.share(v), changed: (v: number) => format.points(v) }
      const rows = [share, ...ofA].map(one => {
        const theirs = one.id === 'share' ? phaseB.covered_share : (ofB.find(other => other.id === one.id)?.now ?? null)
        return { head: one.name, values: [one.shown(one.now), one.shown(theirs), change(difference(theirs, one.now), one.changed, w, one.meaning)] as Child[] }
      })
      fill(body,
        el('p', { class: 'quiet' }, badge('a'), ' ', data(phaseTitle(a.run, a.store.view.phase, w)), ' · ', badge('b'), ' ', data(phaseTitle(b.run, b.store.view.phase, w))),
        table(t('compare.title'), [t('indicator.name'), badge('a'), badge('b'), t('compare.difference')], rows, 'figures'))
    }
  }
}

/** People served and mean time of every phase of both runs. */
export function phaseDifferences(a: Context, b: Context): Part {
  const part = disclosure('phase-differences')
  part.root.open = true
  return {
    root: part.root,
    update(view) {
      const w = words(view)
      const { t, format } = w
      const count = Math.max(a.run.phases.length, b.run.phases.length)
      const rows = Array.from({ length: count }, (_, i) => {
        const [of, to] = [a.run.phases[i], b.run.phases[i]]
        return {
          head: String(i + 1), now: i === a.store.view.phase && i === b.store.view.phase,
          values: [
            of ? format.count(of.covered) : '–', to ? format.count(to.covered) : '–',
            change(difference(to?.covered, of?.covered), v => format.change(v), w, 'more-is-better'),
            of ? format.minutes(of.mean_time_s) : '–', to ? format.minutes(to.mean_time_s) : '–'
          ] as Child[]
        }
      })
      const head = (side: 'a' | 'b', text: string) => el('span', {}, badge(side), ' ', text)
      part.set(t('compare.by_phase'), table(t('compare.by_phase'), [
        t('table.phase'), head('a', t('table.covered')), head('b', t('table.covered')), t('compare.difference'),
        head('a', t('table.time')), head('b', t('table.time'))
      ], rows))
    }
  }
}

function areaTable(a: Context, caption: string, rows: AreaDifference[], w: Words): Child {
  const { t, format } = w
  return table(caption, [t('compare.area'), badge('a'), badge('b'), t('compare.people')], rows.map(row => ({
    head: button({ class: 'link' }, data(row.name), () => a.select({ kind: 'boundary', layer: row.layer, index: row.index }, true)),
    values: [format.share(row.shareA), format.share(row.shareB), change(row.persons, v => format.change(v), w, 'more-is-better')] as Child[]
  })))
}

/** The communes that gain or lose most. */
export function areasThatDiffer(a: Context, b: Context): Part {
  const part = disclosure('area-differences')
  part.root.open = true
  return {
    root: part.root,
    update(view) {
      const w = words(view)
      const { t } = w
      const all = areaDifferences(a.run, a.store.view.phase, b.run, b.store.view.phase)
      const gain = all.filter(area => area.persons >= 0.5).slice(0, MOST_AREAS)
      const lose = all.filter(area => area.persons <= -0.5).reverse().slice(0, MOST_AREAS)
      part.set(t('compare.areas'),
        el('h3', {}, t('compare.gain')), gain.length ? areaTable(a, t('compare.gain'), gain, w) : el('p', { class: 'quiet' }, t('compare.none_gains')),
        el('h3', {}, t('compare.lose')), lose.length ? areaTable(a, t('compare.lose'), lose, w) : el('p', { class: 'quiet' }, t('compare.none_loses')))
    }
  }
}

/** The agents of only one run, and of both. */
export function agentsThatDiffer(a: Context, b: Context): Part {
  const kinds = ['only_a', 'only_b', 'both'] as const
  const parts = kinds.map(kind => disclosure(`agents-${kind.replace('_', '-')}`))
  return {
    root: el('div', { class: 'agent-differences' }, ...parts.map(part => part.root)),
    update(view) {
      const w = words(view)
      const { t, format } = w
      const { onlyA, onlyB, both } = agentDifferences(a.run, a.store.view.phase, b.run, b.store.view.phase)
      const lists: [Context, number[]][] = [[a, onlyA], [b, onlyB], [a, both.map(pair => pair.a)]]
      lists.forEach(([context, indices], i) => {
        const key: Key = `compare.agents.${kinds[i] ?? 'both'}`
        const items = indices.slice(0, MOST_AGENTS).map(index => {
          const agent = context.run.agents[index]
          return el('li', {}, button({ class: 'link' }, data(agent?.name ?? ''), () => context.select({ kind: 'agent', index }, true)),
            el('small', {}, data(context.run.boundaries[0]?.features.features[agent?.boundary ?? -1]?.properties.name ?? '')))
        })
        parts[i]?.set(t(key, { number: format.count(indices.length) }), items.length
          ? el('ul', { class: 'picks' }, ...items, indices.length > MOST_AGENTS && el('li', {}, t('list.more', { number: format.count(indices.length - MOST_AGENTS) })))
          : el('p', { class: 'quiet' }, t('compare.agents.none')))
      })
    }
  }
}
