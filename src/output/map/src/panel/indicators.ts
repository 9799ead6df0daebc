/** The strip of indicators of the phase, each with its change against the phase before and against today's offices. */
import type { Phase, Today } from '../types'
import { change, difference, type Meaning } from './change'
import { proof, proofValues, words, type Context, type Part, type Words } from './context'
import { data, el, fill, type Child } from './dom'

/** One indicator: how it is read from a phase and from today, how it is written, and what a rise means. */
export interface Indicator {
  id: string
  name: string
  now: number | null
  before: number | null
  /** `undefined` where today's offices have no such figure. */
  today: number | null | undefined
  shown: (value: number | null) => string
  changed: (value: number) => string
  meaning: Meaning
  note: Child
}

type Figure = { [K in keyof Phase]: Phase[K] extends number | null | undefined ? K : never }[keyof Phase]

/** All indicators that are known of a phase. */
export function indicatorsOf(phase: Phase, before: Phase | undefined, today: Today | null, w: Words): Indicator[] {
  const { t, format } = w
  const make = (
    id: string, name: string, figure: Exclude<Figure, undefined>, ofToday: number | null | undefined,
    unit: 'count' | 'share' | 'minutes' | 'wait' | 'rate', meaning: Meaning, note: Child = null
  ): Indicator => {
    const write: Record<typeof unit, [(v: number | null) => string, (v: number) => string]> = {
      count: [v => format.count(v), v => format.change(v)],
      share: [v => format.share(v), v => format.points(v)],
      minutes: [v => format.minutes(v), v => format.minutesChange(v)],
      wait: [v => format.minutes(v === null ? null : v * 60), v => format.minutesChange(v * 60)],
      rate: [v => format.decimal(v), v => format.change(v, 1)]
    }
    const [shown, changed] = write[unit]
    const value = (of: Phase | undefined) => of?.[figure] ?? null
    return { id, name, now: value(phase), before: value(before), today: ofToday, shown, changed, meaning, note }
  }
  const capacity = phase.load_per_day !== null
  const list: (Indicator | false)[] = [
    make('covered', t('indicator.covered'), 'covered', today?.covered, 'count', 'more-is-better',
      t('indicator.covered_of', { persons: format.count(phase.persons) })),
    make('mean', t('indicator.mean_time'), 'mean_time_s', today?.mean_time_s, 'minutes', 'less-is-better'),
    make('p90', t('indicator.p90_time'), 'p90_time_s', today?.p90_time_s, 'minutes', 'less-is-better', t('indicator.p90_note')),
    make('agents', t('indicator.agents'), 'agents', today?.offices, 'count', 'neither',
      t('indicator.opened', { number: format.count(phase.opened) })),
    typeof phase.scope_covered_share === 'number' && phase.scope !== null &&
      make('scope', t('indicator.scope'), 'scope_covered_share', undefined, 'share', 'more-is-better', data(w.pick(phase.scope))),
    capacity && make('load', t('indicator.load'), 'load_per_day', undefined, 'count', 'neither',
      phase.counters === null ? null : t('indicator.counters', { number: format.count(phase.counters) })),
    capacity && make('overflow', t('indicator.overflow'), 'overflow_per_day', undefined, 'rate', 'less-is-better', t('indicator.overflow_note')),
    capacity && make('wait', t('indicator.wait'), 'mean_wait_min', undefined, 'wait', 'less-is-better'),
    make('worst', t('indicator.worst_commune'), 'worst_boundary_covered_share', undefined, 'share', 'more-is-better',
      phase.worst_boundary_name ? data(phase.worst_boundary_name) : null)
  ]
  return list.filter((one): one is Indicator => one !== false)
}

/** One bar a phase, today's offices before them; the chosen one strong. Figures stand in the table of phases. */
function bars(phases: Phase[], today: Today | null, chosen: number, label: string, w: Words): HTMLElement {
  const root = el('div', { class: 'bars', role: 'img', 'aria-label': label })
  const bar = (share: number, name: string, kind: string) => {
    const fillOf = el('i')
    fillOf.style.height = `${Math.max(2, Math.min(1, share) * 100)}%`
    root.append(el('span', { class: kind }, el('em', {}, fillOf), el('small', {}, name)))
  }
  if (typeof today?.covered_share === 'number') bar(today.covered_share, w.t('indicator.today_short'), 'today')
  phases.forEach((phase, i) => bar(phase.covered_share, String(i + 1), i === chosen ? 'now' : ''))
  return root
}

/** The changes of a figure, each with what it is measured against. */
function changes(one: Indicator, first: boolean, w: Words, today: boolean): HTMLElement[] {
  const { t } = w
  const unknownToday = () => el('span', { class: 'change none' }, t('change.unknown'))
  const rows: HTMLElement[] = []
  rows.push(first
    ? el('span', { class: 'change none' }, t('change.first'))
    : change(difference(one.now, one.before), one.changed, w, one.meaning))
  if (today) rows.push(one.today === undefined ? unknownToday() : change(difference(one.now, one.today), one.changed, w, one.meaning))
  return rows
}

export function indicators({ run }: Context): Part {
  const title = el('h2')
  const body = el('div', { class: 'indicators-body' })
  const root = el('section', { class: 'indicators' }, title, body)
  return {
    root,
    update(view) {
      const w = words(view)
      const { t, format } = w
      const phase = run.phases[view.phase]
      const before = run.phases[view.phase - 1]
      const { today } = run
      title.textContent = t('indicator.title')
      if (!phase) return fill(body)
      const shares = run.phases.map((p, i) => `${i + 1}: ${format.share(p.covered_share)}`)
      if (typeof today?.covered_share === 'number') shares.unshift(`${t('indicator.today')}: ${format.share(today.covered_share)}`)
      const versus = (label: string, value: HTMLElement) => el('p', { class: 'versus-row' }, value, ' ', el('span', {}, label))
      const hero = el('div', { class: 'hero' },
        el('div', {},
          el('p', { class: 'hero-value' }, format.share(phase.covered_share)),
          el('p', { class: 'hero-says' }, t('indicator.covered_share')),
          before && versus(t('indicator.vs_before'), change(difference(phase.covered_share, before.covered_share), v => format.points(v), w, 'more-is-better')),
          today && versus(t('indicator.vs_today'), change(difference(phase.covered_share, today.covered_share), v => format.points(v), w, 'more-is-better'))
        ),
        run.phases.length > 1 && bars(run.phases, today, view.phase, `${t('indicator.by_phase')}: ${shares.join('; ')}`, w))
      const list = indicatorsOf(phase, before, today, w)
      const cells = (one: Indicator) => [
        el('td', { class: 'value' }, one.shown(one.now)),
        ...changes(one, view.phase === 0, w, today !== null).map(made => el('td', {}, made))
      ]
      const head = (name: string) => el('th', { scope: 'col' }, name)
      const caption = el('caption', { class: 'visually-hidden' }, t('indicator.title'))
      // With today beside the phase before there are three columns of figures, and the name stands above them.
      const table = today
        ? el('table', { class: 'figures wide' }, caption,
            el('thead', {}, el('tr', {}, head(t('indicator.value')), head(t('indicator.before_head')), head(t('indicator.today_head')))),
            ...list.map(one => el('tbody', { 'data-indicator': one.id },
              el('tr', {}, el('th', { scope: 'rowgroup', colspan: '3' }, one.name, one.note && ' ', one.note && el('small', {}, one.note))),
              el('tr', {}, ...cells(one)))))
        : el('table', { class: 'figures narrow' }, caption,
            el('thead', {}, el('tr', {}, head(t('indicator.name')), head(t('indicator.value')), head(t('indicator.before_head')))),
            el('tbody', {}, ...list.map(one => el('tr', { 'data-indicator': one.id },
              el('th', { scope: 'row' }, one.name, one.note && el('small', {}, one.note)), ...cells(one)))))
      const values = proofValues(phase, w)
      fill(body, hero, table,
        el('p', { class: 'note' }, today
          ? t('indicator.today_is', { number: format.count(today.offices), share: format.share(today.covered_share) })
          : t('indicator.today_unknown')),
        el('p', { class: `proof ${phase.status === 'optimal' ? 'proven' : 'open'}` },
          el('b', {}, t('indicator.proof')), ' ', proof(phase, w), values ? el('small', {}, values) : null))
    }
  }
}
