/** The cards of agents, candidates, today's offices and unserved places. */
import { agentState, type AgentState } from '../map/agents'
import { clientele } from '../place'
import type { View } from '../state'
import type { Key } from '../strings'
import type { Load } from '../types'
import type { Content } from './card'
import { areaLink } from './card-place'
import { captionOf, phaseNumber, phaseTitle, type Context, type Words } from './context'
import { button, data, definitions, el, table, type Child } from './dom'

const STATES: Record<AgentState, Key> = {
  fixed: 'legend.agent.fixed', 'opened-before': 'legend.agent.before', 'opened-now': 'legend.agent.now',
  'opens-later': 'legend.agent.later', closed: 'legend.agent.closed'
}
const CANDIDATE_STATUS = {
  eligible: 'legend.candidate.eligible', review: 'legend.candidate.review', refused: 'legend.candidate.refused'
} as const

/** Opens the card of a site by its id, whether it was chosen or not. */
function siteLink(context: Context, id: string, name: string): Child {
  const agent = context.run.agents.findIndex(site => site.id === id)
  const candidate = context.run.candidates.findIndex(site => site.id === id)
  if (agent < 0 && candidate < 0) return data(name)
  return button({ class: 'link' }, data(name), () =>
    context.select(agent >= 0 ? { kind: 'agent', index: agent } : { kind: 'candidate', index: candidate }, true))
}

/** How full the counters are: a bar and the number. */
function utilisation(load: Load, w: Words): Child {
  const full = el('i')
  full.style.width = `${Math.min(1, Math.max(0, load.utilisation)) * 100}%`
  const over = load.overflow_per_day > 0
  return el('span', { class: `meter${over ? ' over' : ''}` }, el('em', { 'aria-hidden': 'true' }, full), w.format.share(load.utilisation, 0), over ? ' ▲' : '')
}

function loadTable(context: Context, loads: (Load | null)[], view: View, w: Words): Child {
  const { run } = context
  const { t, format } = w
  const heads = [t('table.phase_short'), t('load.dossiers'), t('load.counters'), t('load.utilisation'), t('load.wait'), t('load.overflow')]
  return table(captionOf(context, t('load.title')), heads, run.phases.map((_, phase) => {
    const load = loads[phase]
    return {
      head: phaseNumber(run, phase, w), now: phase === view.phase,
      values: load
        ? [format.decimal(load.dossiers_per_day), format.count(load.counters), utilisation(load, w),
          format.minutes(load.wait_min * 60), format.decimal(load.overflow_per_day)]
        : ['–', '–', '–', '–', '–']
    }
  }))
}

export function agentCard(context: Context, index: number, view: View, w: Words): Content | null {
  const { run } = context
  const { t, format } = w
  const it = run.agents[index]
  if (!it) return null
  const state = agentState(it, view.phase)
  const people = (value: number | null) => (value === null ? null : t('unit.people', { number: format.count(value) }))
  const whom = clientele(run, index, view.phase)
  const closes = it.closes === null ? undefined : run.phases[it.closes]
  const loss = it.loss
  const lost: [string, Child][] = loss ? [
    [t('loss.first'), people(loss.persons_lost_first)],
    [t('loss.last'), people(loss.persons_lost)],
    [t('loss.minutes'), loss.extra_person_minutes === null ? null : t('loss.minutes_value', { number: format.count(loss.extra_person_minutes) })],
    [t('loss.cut_off'), people(loss.persons_cut_off)],
    [t('loss.exchange'), loss.exchange === null ? null : siteLink(context, loss.exchange, loss.exchange_name ?? loss.exchange)],
    [t('loss.exchange_persons'), loss.exchange === null || loss.exchange_persons === null ? null
      : loss.exchange_persons === 0 ? t('loss.exchange_same') : t('unit.people', { number: format.change(loss.exchange_persons) })]
  ] : []
  return {
    kind: t('detail.agent'),
    name: it.name,
    body: [
      el('p', { class: `status ${state}` }, t(STATES[state])),
      definitions([
        [t('detail.phase'), it.fixed ? null : phaseTitle(run, it.phase, w)],
        [t('detail.closes'), closes && it.closes !== null ? phaseTitle(run, it.closes, w) : null],
        [t('detail.order'), it.order === null ? null : format.count(it.order)],
        [t('detail.in'), areaLink(context, it.boundary)]
      ]),
      it.why && el('h3', {}, t('detail.why')),
      it.why && el('p', {}, data(w.pick(it.why))),
      el('h3', {}, t('agent.serves')),
      definitions([
        [t('agent.nearest_now'), whom.persons > 0 ? people(whom.persons) : t('agent.nobody_now')],
        [t('agent.areas'), whom.areas.length === 0 ? null : el('ul', { class: 'inline' },
          ...whom.areas.map(({ area, people: number }) => el('li', {}, areaLink(context, area), ' ', el('small', {}, format.count(number)))),
          whom.more > 0 && el('li', {}, t('agent.areas_more', { number: format.count(whom.more) })))],
        [t('agent.in_reach'), people(it.persons_in_reach)],
        [t('detail.marginal'), people(it.persons_marginal)]
      ]),
      el('h3', {}, t('load.title')),
      it.loads.length > 0 ? loadTable(context, it.loads, view, w) : el('p', { class: 'quiet' }, t('load.unknown')),
      lost.length > 0 && el('h3', {}, t('loss.title')),
      lost.length > 0 && definitions(lost),
      definitions([[t('detail.id'), data(it.id)], [t('detail.place'), format.place(it.lon, it.lat)]])
    ]
  }
}

export function candidateCard(context: Context, index: number, w: Words): Content | null {
  const { t, format } = w
  const it = context.run.candidates[index]
  if (!it) return null
  return {
    kind: t(it.proposed ? 'detail.proposed' : 'detail.candidate'),
    name: it.name,
    body: [
      el('p', { class: `status ${it.status}` }, t(it.proposed ? 'legend.candidate.proposed' : CANDIDATE_STATUS[it.status])),
      it.why && el('h3', {}, t('detail.why')),
      it.why && el('p', {}, data(w.pick(it.why))),
      definitions([
        [t('agent.in_reach'), t('unit.people', { number: format.count(it.persons_in_reach) })],
        [t('detail.in'), areaLink(context, it.boundary)],
        [t('detail.id'), data(it.id)], [t('detail.place'), format.place(it.lon, it.lat)]
      ])
    ]
  }
}

export function officeCard({ run }: Context, index: number, { t, format }: Words): Content | null {
  const it = run.offices[index]
  if (!it) return null
  return { kind: t('detail.office'), name: it.name, body: [el('p', {}, t('office.says')), definitions([[t('detail.place'), format.place(it.lon, it.lat)]])] }
}

export function uncoveredCard(context: Context, index: number, view: View, w: Words): Content | null {
  const { t, format } = w
  const it = context.run.uncovered[index]
  if (!it) return null
  const people = (value: number) => t('unit.people', { number: format.count(value) })
  const { new_point: point } = it
  const last = view.phase < context.run.phases.length - 1
  return {
    kind: t('detail.uncovered'),
    name: it.name,
    body: [
      el('p', { class: 'status none' }, t('uncovered.says', { persons: format.count(it.persons) })),
      last && el('p', { class: 'quiet' }, t('uncovered.after_last')),
      el('h3', {}, t('place.remedy')),
      el('p', {}, data(w.pick(it.help))),
      definitions([
        [t('uncovered.coverable'), people(it.persons_coverable)],
        [t('detail.nearest_agent'), it.nearest_agent_m === null ? t('detail.no_agent') : format.distance(it.nearest_agent_m)],
        [t('detail.nearest_candidate'), it.nearest_candidate_m === null ? t('detail.no_candidate') : format.distance(it.nearest_candidate_m)],
        [t('uncovered.new_point'), el('span', {}, button({ class: 'link' }, format.place(point.lon, point.lat), () =>
          context.select({ kind: 'point', lon: point.lon, lat: point.lat }, true)), ' ', el('small', {}, people(point.persons)))],
        [t('detail.place'), format.place(it.lon, it.lat)]
      ])
    ]
  }
}
