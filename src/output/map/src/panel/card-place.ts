/** The part of a card that says who serves a place, how, since when and why; and what it would take where nobody does. */
import { cellNear, servedFrom, servedSince, serviceOf, uncoveredNear, type Service } from '../place'
import type { View } from '../state'
import { captionOf, mainMode, phaseTitle, type Context, type Words } from './context'
import { button, data, definitions, el, table, type Child } from './dom'

const MOST_MODES = 8

/** Opens the card of an agent. */
export function agentLink(context: Context, index: number): Child {
  const agent = context.run.agents[index]
  return agent ? button({ class: 'link' }, data(agent.name), () => context.select({ kind: 'agent', index }, true)) : '–'
}

/** Opens the card of an area of the first layer. */
export function areaLink(context: Context, index: number): Child {
  const area = context.run.boundaries[0]?.features.features[index]
  return area ? button({ class: 'link' }, data(area.properties.name), () => context.select({ kind: 'boundary', layer: 0, index }, true)) : null
}

/** Why a place counts as served, or not, in words. */
function reason({ run }: Context, service: Service, w: Words): string {
  const { t, format } = w
  const { rule, minutes, radius_m } = run.standard
  const mode = mainMode(run, w)
  const values = {
    mode, time: format.minutes(service.timeS), limit: format.minutes(minutes * 60, 0),
    distance: format.distance(service.nearest?.metres), radius: format.distance(radius_m)
  }
  if (service.nearest === null) return t('why.no_agent')
  const time = t(service.timeS === null ? 'why.time.unreached' : service.byTime ? 'why.time.kept' : 'why.time.missed', values)
  const radius = t(service.byRadius ? 'why.radius.kept' : 'why.radius.missed', values)
  if (rule === 'time') return time
  if (rule === 'radius') return radius
  return `${time} ${radius} ${t(rule === 'either' ? 'why.either' : 'why.both')}`
}

function modes({ run }: Context, service: Service, w: Words): Child {
  const known = run.modes.slice(0, MOST_MODES)
  return el('ul', { class: 'chips' }, ...known.map((mode, m) => {
    const served = ((service.modes >> m) & 1) === 1
    return el('li', { class: served ? 'yes' : 'no' }, el('span', { 'aria-hidden': 'true' }, served ? '✓' : '✕'), ' ',
      data(w.pick(mode.name)), el('span', { class: 'visually-hidden' }, `: ${w.t(served ? 'mode.served' : 'mode.not_served')}`))
  }))
}

/** What would serve a place that nobody serves. */
function remedy(context: Context, lon: number, lat: number, view: View, cell: number, w: Words): Child[] {
  const { run } = context
  const later = servedFrom(run, cell, view.phase)
  if (later !== null) {
    const starts = run.phases[later]?.starts
    return [el('p', { class: 'lead-note' }, w.t(starts ? 'place.later_from' : 'place.later', {
      phase: phaseTitle(run, later, w), date: starts ? w.format.date(starts) : ''
    }))]
  }
  const index = uncoveredNear(run, lon, lat)
  const place = run.uncovered[index]
  if (!place) return [el('p', { class: 'lead-note' }, w.t('place.never'))]
  return [el('p', { class: 'lead-note' }, w.t('place.never')), el('h3', {}, w.t('place.remedy')), el('p', {}, data(w.pick(place.help))),
    el('p', {}, button({ class: 'link' }, w.t('place.group', { persons: w.format.count(place.persons) }), () => context.select({ kind: 'uncovered', index }, true)))]
}

export function placeBody(context: Context, lon: number, lat: number, view: View, w: Words): Child[] {
  const { run } = context
  const { t, format } = w
  const { cell, metres } = cellNear(run, lon, lat)
  if (cell < 0) return [el('p', { class: 'lead-note' }, t('place.nobody')), definitions([[t('detail.place'), format.place(lon, lat)]])]
  const service = serviceOf(run, cell, view.phase)
  const since = servedSince(run, cell, view.phase)
  const persons = run.cells.persons[cell] ?? 0
  const status = service.share === 0 ? 'none' : service.share === 1 ? 'all' : 'some'
  const rows: [string, Child][] = []
  if (service.agent !== null) rows.push([t('place.agent'), agentLink(context, service.agent)])
  rows.push([t('place.time', { mode: mainMode(run, w) }), service.timeS === null ? t('detail.unreached') : format.minutes(service.timeS)])
  if (since !== null) {
    const starts = run.phases[since]?.starts
    const name = phaseTitle(run, since, w)
    rows.push([t('place.since'), starts ? t('place.since_date', { phase: name, date: format.date(starts) }) : name])
  }
  if (run.modes.length > 0) rows.push([t('place.modes'), modes(context, service, w)])
  const facts: [string, Child][] = [
    [t('detail.persons'), persons < 10 ? format.decimal(persons) : format.count(persons)],
    [t('detail.in'), areaLink(context, run.cells.boundary[cell] ?? -1)],
    [t('detail.place'), format.place(lon, lat)]
  ]
  const phases = run.phases.map((_, phase) => {
    const then = serviceOf(run, cell, phase)
    return {
      head: phaseTitle(run, phase, w), now: phase === view.phase,
      values: [then.timeS === null ? '–' : format.minutes(then.timeS), format.share(then.share, 0)] as Child[]
    }
  })
  const says = t(`place.status.${status}`, { share: format.share(service.share, 0) })
  return [
    el('p', { class: `status ${status}` }, says),
    metres > 0 && el('p', { class: 'quiet' }, t('place.nearest_cell', { distance: format.distance(metres) })),
    definitions(rows),
    el('h3', {}, t('detail.why')),
    el('p', {}, reason(context, service, w)),
    ...(status === 'all' ? [] : status === 'some' ? [el('p', { class: 'quiet' }, t('place.some'))] : remedy(context, lon, lat, view, cell, w)),
    el('h3', {}, t('place.by_phase')),
    table(captionOf(context, t('place.by_phase')), [t('table.phase'), t('detail.time_by', { mode: mainMode(run, w) }), t('colouring.served')], phases),
    definitions(facts)
  ]
}
