/** Reads the run out of the page. */
import { decodeCells, type Cells } from './decode'
import type { Mode, RunJson } from './types'

/** A run ready for drawing. */
export interface Run extends Omit<RunJson, 'cells'> {
  cells: Cells
  /** The mode that the cells' times are for. */
  mainMode: Mode | undefined
}

const FORMAT = 1

/** Composed letters, so that each is found and drawn as one: some inputs write Vietnamese marks apart. */
function composed<T>(value: T): T {
  if (typeof value === 'string') return value.normalize('NFC') as T
  return value
}

/** Unpacks the JSON text of a run. Throws with a sentence when it is not one. */
export function parseRun(text: string): Run {
  const json = JSON.parse(text, (_key, value: unknown) => composed(value)) as RunJson
  if (json.format !== FORMAT) throw new Error(`run data of format ${json.format}; this page reads format ${FORMAT}`)
  const mainMode = [...json.modes].sort((a, b) => b.share - a.share)[0]
  return { ...json, cells: decodeCells(json.cells, json.phases.length), mainMode }
}

/** The run of this page. */
export function readRun(): Run {
  return parseRun(document.getElementById('gandan-run')?.textContent ?? '')
}
