/** What each agent is in a phase, and how much it has to do. */
import { bandOf, utilisationBands } from '../palette'
import type { Agent, Load } from '../types'

export const AGENT_STATES = ['fixed', 'opened-before', 'opened-now', 'opens-later', 'closed'] as const
export type AgentState = (typeof AGENT_STATES)[number]

/** Whether an agent stands already, is new in a phase, opens later or stands no more. */
export function agentState(agent: Pick<Agent, 'fixed' | 'phase' | 'closes'>, phase: number): AgentState {
  if (agent.closes !== null && agent.closes <= phase) return 'closed'
  if (agent.fixed && agent.phase <= phase) return 'fixed'
  if (agent.phase > phase) return 'opens-later'
  return agent.phase === phase ? 'opened-now' : 'opened-before'
}

/** Whether an agent serves anybody in a phase. */
export function stands(agent: Pick<Agent, 'fixed' | 'phase' | 'closes'>, phase: number): boolean {
  const state = agentState(agent, phase)
  return state !== 'closed' && state !== 'opens-later'
}

/** The largest circle in pixels, at the zoom at which symbols have their full size. */
export const LARGEST_RADIUS = 24
const SMALLEST_RADIUS = 4

/** The radius of a circle whose area stands for dossiers a day; `most` fills the largest. Very small ones stay visible. */
export function loadRadius(dossiersPerDay: number, most: number): number {
  return most > 0 ? Math.max(SMALLEST_RADIUS, LARGEST_RADIUS * Math.sqrt(dossiersPerDay / most)) : SMALLEST_RADIUS
}

/** The most dossiers a day of any agent in any phase, so that circles can be compared between the phases. */
export function mostDossiers(agents: readonly Agent[]): number {
  return agents.reduce((most, { loads }) => loads.reduce((m, load) => Math.max(m, load?.dossiers_per_day ?? 0), most), 0)
}

/** Whether dossiers are left over at the end of a day. */
export const overflows = (load: Load): boolean => load.overflow_per_day > 0

/** The class of an agent's utilisation, from 0: the last one is above what it can do. */
export function loadBand(load: Load): number {
  const bands = utilisationBands()
  // Rounding may leave a full agent a hair above 1; what overflows is above all the same.
  return overflows(load) ? bands.length - 1 : Math.min(bandOf(bands, load.utilisation), bands.length - 2)
}
