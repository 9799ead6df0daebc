/** What differs between two runs, each in a phase of its own. Pure. */
import { stands } from './map/agents'
import type { Run } from './run'
import type { Agent } from './types'

/** Agents that stand in the phases looked at, told apart by their ids; indices of each run's own list. */
export interface AgentDifferences {
  onlyA: number[]
  onlyB: number[]
  both: { a: number; b: number }[]
}

type Sites = Pick<Run, 'agents'>

const standing = (agents: readonly Agent[], phase: number): Map<string, number> =>
  new Map(agents.flatMap((agent, i): [string, number][] => (stands(agent, phase) ? [[agent.id, i]] : [])))

export function agentDifferences(a: Sites, phaseA: number, b: Sites, phaseB: number): AgentDifferences {
  const [inA, inB] = [standing(a.agents, phaseA), standing(b.agents, phaseB)]
  const both = [...inA].flatMap(([id, index]) => {
    const twin = inB.get(id)
    return twin === undefined ? [] : [{ a: index, b: twin }]
  })
  return {
    onlyA: [...inA].filter(([id]) => !inB.has(id)).map(([, index]) => index),
    onlyB: [...inB].filter(([id]) => !inA.has(id)).map(([, index]) => index),
    both
  }
}

type Areas = Pick<Run, 'boundaries'>

/** The first boundary layer of A that B has too, by its id: its index in each run. Null where they share none. */
export function sharedLayer(a: Areas, b: Areas): { a: number; b: number } | null {
  for (const [index, { layer }] of a.boundaries.entries()) {
    const twin = b.boundaries.findIndex(other => other.layer === layer)
    if (twin >= 0) return { a: index, b: twin }
  }
  return null
}

/** An area of both runs: shares from 0 to 1 and people served, B minus A. */
export interface AreaDifference {
  name: string
  /** Index of the layer and of the area in run A. */
  layer: number
  index: number
  shareA: number
  shareB: number
  persons: number
}

/** The areas that both runs have, by their codes, with the largest gain of people served in B first. */
export function areaDifferences(a: Areas, phaseA: number, b: Areas, phaseB: number): AreaDifference[] {
  const shared = sharedLayer(a, b)
  if (!shared) return []
  const [ofA = [], ofB = []] = [a.boundaries[shared.a], b.boundaries[shared.b]].map(layer => layer?.features.features ?? [])
  const byCode = new Map(ofB.map(({ properties }) => [properties.code, properties]))
  return ofA
    .flatMap(({ properties: { code, name, phases } }, index): AreaDifference[] => {
      const [now, then] = [phases[phaseA], byCode.get(code)?.phases[phaseB]]
      if (!now || !then || now.covered_share === null || then.covered_share === null) return []
      return [{
        name, layer: shared.a, index, shareA: now.covered_share, shareB: then.covered_share,
        persons: (then.covered ?? 0) - (now.covered ?? 0)
      }]
    })
    .sort((x, y) => y.persons - x.persons)
}

/** Ways in which the inputs of two runs differ, so that their results are not the same thing measured twice. */
export type Caution = 'version' | 'standard' | 'people' | 'areas' | 'modes' | 'made-up'

export function cautions(a: Run, b: Run): Caution[] {
  const shared = sharedLayer(a, b)
  const codes = (run: Run, layer: number) => (run.boundaries[layer]?.features.features ?? []).map(f => f.properties.code).sort().join(' ')
  const people = (run: Run) => Math.round(run.phases[0]?.persons ?? 0)
  const modes = (run: Run) => run.modes.map(({ id, share }) => `${id} ${share}`).sort().join(' ')
  const tests: [Caution, boolean][] = [
    ['version', a.version !== b.version],
    ['standard', JSON.stringify([a.standard.minutes, a.standard.radius_m, a.standard.rule]) !== JSON.stringify([b.standard.minutes, b.standard.radius_m, b.standard.rule])],
    ['people', people(a) !== people(b)],
    ['areas', shared ? codes(a, shared.a) !== codes(b, shared.b) : a.boundaries.length + b.boundaries.length > 0],
    ['modes', modes(a) !== modes(b)],
    ['made-up', a.synthetic !== b.synthetic]
  ]
  return tests.filter(([, differs]) => differs).map(([caution]) => caution)
}
