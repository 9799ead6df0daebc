/** The card of a commune: its indicators by phase as a row of bars and a small table. */
import type { View } from '../state'
import type { Content } from './card'
import { change, difference } from './change'
import { captionOf, phaseNumber, type Context, type Words } from './context'
import { data, definitions, el, table, type Child } from './dom'

export function areaCard(context: Context, layer: number, index: number, view: View, w: Words): Content | null {
  const { t, format } = w
  const { boundaries, phases } = context.run
  const area = boundaries[layer]
  const it = area?.features.features[index]?.properties
  if (!area || !it) return null
  const figures = phases.map((_, phase) => it.phases[phase] ?? null)
  const facts = definitions([[t('detail.persons'), format.count(it.persons)], [t('detail.code'), data(it.code)]])
  const kind = w.pick(area.name)
  if (!figures.some(Boolean)) return { kind, name: it.name, body: [facts, el('p', { class: 'quiet' }, t('detail.nothing'))] }
  const now = figures[view.phase]
  const before = figures[view.phase - 1]
  const points = (value: number) => format.points(value)
  const bars = el('div', { class: 'spark', role: 'img', 'aria-label': `${t('indicator.by_phase')}: ${figures.map((f, i) => `${i + 1}: ${format.share(f?.covered_share)}`).join('; ')}` })
  const bar = (share: number | null | undefined, label: string, className: string) => {
    const made = el('i')
    made.style.height = `${Math.max(2, (share ?? 0) * 100)}%`
    bars.append(el('span', { class: className }, el('em', {}, made), el('small', {}, label)))
  }
  if (typeof it.today?.covered_share === 'number') bar(it.today.covered_share, t('indicator.today_short'), 'today')
  figures.forEach((f, i) => bar(f?.covered_share, String(i + 1), i === view.phase ? 'now' : ''))
  const counters = figures.some(f => typeof f?.counters === 'number')
  const overflow = figures.some(f => typeof f?.overflow_per_day === 'number')
  const heads = [t('table.phase_short'), t('table.share'), t('table.time'), t('table.p90'), t('table.worst'), t('table.agents'),
    ...(counters ? [t('load.counters')] : []), ...(overflow ? [t('load.overflow')] : [])]
  const rows = figures.map((f, phase) => ({
    head: phaseNumber(context.run, phase, w) as Child, now: phase === view.phase,
    values: [format.share(f?.covered_share), format.minutes(f?.mean_time_s), format.minutes(f?.p90_time_s), format.minutes(f?.worst_time_s),
      format.count(f?.agents), ...(counters ? [format.count(f?.counters)] : []), ...(overflow ? [format.decimal(f?.overflow_per_day)] : [])] as Child[]
  }))
  const today = it.today
  if (today) rows.unshift({
    head: t('indicator.today_short'), now: false,
    values: [format.share(today.covered_share), format.minutes(today.mean_time_s), ...heads.slice(3).map(() => '–')]
  })
  return {
    kind,
    name: it.name,
    body: [
      el('div', { class: 'area-hero' },
        el('div', {},
          el('p', { class: 'big' }, format.share(now?.covered_share)),
          el('p', { class: 'quiet' }, t('area.says', { persons: format.count(now?.covered), all: format.count(it.persons) })),
          before && el('p', { class: 'versus-row' }, change(difference(now?.covered_share, before.covered_share), points, w, 'more-is-better'), ' ', el('span', {}, t('indicator.vs_before'))),
          today && el('p', { class: 'versus-row' }, change(difference(now?.covered_share, today.covered_share), points, w, 'more-is-better'), ' ', el('span', {}, t('indicator.vs_today')))),
        bars),
      table(captionOf(context, t('table.title')), heads, rows, 'dense'),
      facts
    ]
  }
}
