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

/** An area of both runs: shares from 0 to 1 and people served, B minus A. */
export interface AreaDifference {
  name: string
  /** Index in run A's and run B's first boundary layer. */
  a: number
  b: number
  shareA: number
  shareB: number
  persons: number
}

/** The areas that both runs have, by their codes, with the largest gain of people served in B first. */
export function areaDifferences(a: Pick<Run, 'boundaries'>, phaseA: number, b: Pick<Run, 'boundaries'>, phaseB: number): AreaDifference[] {
  const [ofA, ofB] = [a, b].map(run => run.boundaries[0]?.features.features ?? [])
  const byCode = new Map((ofB ?? []).map((feature, index) => [feature.properties.code, { ...feature.properties, index }]))
  return (ofA ?? [])
    .flatMap(({ properties: { code, name, phases } }, index): AreaDifference[] => {
      const twin = byCode.get(code)
      const [now, then] = [phases[phaseA], twin?.phases[phaseB]]
      if (!twin || !now || !then || now.covered_share === null || then.covered_share === null) return []
      return [{
        name, a: index, b: twin.index, shareA: now.covered_share, shareB: then.covered_share,
        persons: (then.covered ?? 0) - (now.covered ?? 0)
      }]
    })
    .sort((x, y) => y.persons - x.persons)
}

/** Ways in which the inputs of two runs differ, so that their results are not the same thing measured twice. */
export type Caution = 'version' | 'standard' | 'people' | 'areas' | 'modes' | 'made-up'

export function cautions(a: Run, b: Run): Caution[] {
  const codes = (run: Run) => (run.boundaries[0]?.features.features ?? []).map(f => f.properties.code).sort().join(' ')
  const people = (run: Run) => Math.round(run.phases[0]?.persons ?? 0)
  const modes = (run: Run) => run.modes.map(({ id, share }) => `${id} ${share}`).sort().join(' ')
  const tests: [Caution, boolean][] = [
    ['version', a.version !== b.version],
    ['standard', JSON.stringify([a.standard.minutes, a.standard.radius_m, a.standard.rule]) !== JSON.stringify([b.standard.minutes, b.standard.radius_m, b.standard.rule])],
    ['people', people(a) !== people(b)],
    ['areas', codes(a) !== codes(b)],
    ['modes', modes(a) !== modes(b)],
    ['made-up', a.synthetic !== b.synthetic]
  ]
  return tests.filter(([, differs]) => differs).map(([caution]) => caution)
}
