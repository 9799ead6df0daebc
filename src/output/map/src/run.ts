/** Reads the run, and the other one where two are compared, out of the page. */
import { allowOnly, tileOrigin } from './map/policy'
import { bytes, decodeCells, decodePlaces, inflate, openContainer, type Cells, type Places } from './decode'
import type { Mode, RunJson } from './types'

/** A run ready for drawing. */
export interface Run extends Omit<RunJson, 'cells' | 'places'> {
  cells: Cells
  places: Places
  /** The most used mode: the one that the cells' times are for. */
  mainMode: Mode | undefined
}

const FORMAT = 2

/** Marks written apart from their letters, as such or escaped. */
const MARKS_APART = /[\u0300-\u036f]|\\u03[0-6]/i

/** Composed letters, so that each is found and drawn as one: some inputs write Vietnamese marks apart. */
function parse(text: string): RunJson {
  // Looking at every value takes long, so it is done only where it is needed.
  if (!MARKS_APART.test(text)) return JSON.parse(text) as RunJson
  return JSON.parse(text, (_key, value: unknown) => (typeof value === 'string' ? value.normalize('NFC') : value)) as RunJson
}

/** Unpacks a container. Throws with a sentence when it holds no run of this format. */
export function runOf(container: Uint8Array): Run {
  const { json: text, blob } = openContainer(container)
  const json = parse(text)
  if (json.format !== FORMAT) throw new Error(`run data of format ${json.format}; this page reads format ${FORMAT}`)
  return {
    ...json,
    // Whatever is no address of tiles is as none.
    tiles: tileOrigin(json.tiles) === null ? null : json.tiles,
    cells: decodeCells(json.cells, blob, json.phases.length),
    places: decodePlaces(json.places, blob),
    mainMode: json.modes[0]
  }
}

/** Unpacks the base64 text of a run. Rejects with a sentence when it is not one. */
export async function parseRun(base64: string): Promise<Run> {
  return runOf(await inflate(bytes(base64)))
}

/**
 * The run of this page, and the other one where two are compared. From then on the page can fetch nothing but the online
 * tiles that they offer.
 */
export async function readRun(): Promise<{ run: Run; other: Run | null }> {
  const text = (id: string) => document.getElementById(id)?.textContent?.trim() ?? ''
  const [run, other] = [text('gandan-run'), text('gandan-other')]
  const runs: { run: Run | null; other: Run | null } = { run: null, other: null }
  try {
    // One after the other: both at once would only take turns, and hold twice the memory.
    runs.run = await parseRun(run)
    if (other !== '') runs.other = await parseRun(other)
    const { cells, agents, boundaries } = runs.run
    const detail = { cells: cells.count, agents: agents.length, areas: boundaries[0]?.features.features.length ?? 0 }
    performance.mark('gandan-run-read', { detail })
    return { run: runs.run, other: runs.other }
  } finally {
    allowOnly([runs.run, runs.other].flatMap(one => tileOrigin(one?.tiles) ?? []))
  }
}
