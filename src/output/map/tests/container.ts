/** Packs runs for tests as gandan does: see `src/decode.ts`. */
import { deflateRawSync } from 'node:zlib'
import type { Packed, RunJson } from '../src/types'

/** Collects arrays into one blob. */
export class Packer {
  #bytes: number[] = []

  /** Stores numbers of `size` bytes in planes, as differences to the one before when `delta`. */
  pack(values: number[], size: number, delta: boolean): Packed {
    const at = this.#bytes.length
    const stored = delta ? values.map((value, i) => value - (values[i - 1] ?? 0)) : values
    for (let plane = 0; plane < size; plane++) {
      for (const value of stored) this.#bytes.push((value >> (8 * plane)) & 255)
    }
    return { at, length: values.length }
  }

  /** The base64 text of the container. */
  close(json: unknown): string {
    const text = new TextEncoder().encode(JSON.stringify(json))
    const length = [0, 8, 16, 24].map(shift => (text.length >> shift) & 255)
    return deflateRawSync(Uint8Array.from([...length, ...text, ...this.#bytes])).toString('base64')
  }
}

/** A run of two phases with three cells in a row, a commune, and an agent in each phase. */
export function smallRun(packer = new Packer()): RunJson {
  const both = (vi: string, en = vi) => ({ vi, en })
  const phase = (name: string, agents: number) => ({
    name: both(name), starts: '2025-01-01', ends: null, opened: 1, agents, persons: 60, covered: 30 * agents,
    covered_share: 0.5 * agents, scope: null, mean_time_s: 600, worst_time_s: 1200, objective: 1, bound: 1, gap: 0,
    status: 'optimal', objective_unit: 'sites', opens: 'most-people' as const, reached: 60, median_time_s: 600,
    p90_time_s: 1100, scope_mean_time_s: null, worst_boundary_name: null, worst_boundary_covered_share: null,
    counters: null, load_per_day: null, overflow_per_day: null, mean_wait_min: null, persons_sent: null,
    relief_share: null, online_share: 0.3, dossiers_per_day: 10
  })
  const agent = (id: string, lon: number, opens: number) => ({
    id, name: `Bưu cục ${id}`, lon, lat: 21, phase: opens, fixed: false, order: opens + 1, persons_nearest: 30,
    persons_marginal: 30, why: null, closes: null, boundary: 0, persons_in_reach: 30, loss: null, loads: []
  })
  const cellPhase = (time: number[], covered: number[], modes: number[], agents: number[]) => ({
    time_s: packer.pack(time, 2, true), covered: packer.pack(covered, 1, false),
    modes: packer.pack(modes, 1, false), agent: packer.pack(agents, 2, true)
  })
  const indicators = (covered_share: number) => ({
    covered: 60 * covered_share, covered_share, mean_time_s: 600, p90_time_s: 1100, worst_time_s: 1200, agents: 1,
    counters: null, overflow_per_day: null
  })
  return {
    format: 2, version: '0.0.0', title: both('Thử', 'Trial'), synthetic: true, attribution: [], notes: [], sources: [],
    bounds: [105, 20, 106, 22], standard: { minutes: 30, radius_m: 5000, rule: 'either' },
    modes: [{ id: 'motorcycle', name: both('xe máy', 'motorcycle'), share: 0.75 }, { id: 'foot', name: both('đi bộ', 'foot'), share: 0.25 }],
    tiles: null, phases: [phase('Một', 1), phase('Hai', 2)], today: null, offices: [],
    agents: [agent('A', 105.4, 0), agent('B', 105.6, 1)], candidates: [],
    cells: {
      count: 3, half_lon: 0.05, half_lat: 0.05,
      lon: packer.pack([105_400_000, 105_500_000, 105_600_000], 4, true),
      lat: packer.pack([21_000_000, 21_000_000, 21_000_000], 4, true),
      persons: packer.pack([10_000, 20_000, 30_000], 4, false),
      boundary: packer.pack([0, 0, -1], 2, true),
      phases: [
        cellPhase([60, 600, 65535], [255, 191, 0], [3, 1, 0], [0, 0, 65535]),
        cellPhase([60, 600, 60], [255, 255, 255], [3, 3, 3], [0, 1, 1])
      ]
    },
    roads: [{ class: 'primary', lines: ['_p~iF~ps|U_ulLnnqC'] }], water: { areas: [], lines: [] }, parks: [], rail: [],
    places: {
      kind: ['city', 'street'], name: ['Hà Nội', 'Phố Huế'],
      lon: packer.pack([10_585_000, 10_585_200], 4, true), lat: packer.pack([2_102_000, 2_101_000], 4, true)
    },
    boundaries: [{
      layer: 'commune', name: both('Phường, xã', 'Wards'),
      features: {
        type: 'FeatureCollection',
        features: [{
          type: 'Feature',
          properties: { code: '1', name: 'Một', persons: 30, today: null, phases: [indicators(0.5), indicators(1)] },
          geometry: { type: 'Polygon', coordinates: [[[105.35, 20.9], [105.55, 20.9], [105.55, 21.1], [105.35, 21.1], [105.35, 20.9]]] }
        }]
      }
    }],
    isochrones: [], uncovered: [], frontier: null
  }
}
