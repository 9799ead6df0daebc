// Measures how fast a map page draws and how smoothly it moves, in a real browser on a software renderer, which is slower
// than any laptop's graphics.
//
//   node tests/performance.mjs MAP.html OUT.json [REPEATS]
//
// Opens the page from disk with an empty cache, then drags and zooms the map with all first layers on, frame by frame.
// Writes the times in milliseconds: to the first paint of the page, to the first picture of the map with its cells, until
// everything in view is drawn, until the page answers the viewer again; median and 95th percentile of the frames while
// panning and while zooming; the longest task of the main thread. Beside them the processor time that the page and the
// renderer took, which tells the same on a busy machine: for opening, and for each frame. Fails only on what nobody could
// call usable, because the machine that runs it is not known. The browser is $CHROMIUM, or /usr/bin/chromium.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [page_file, out_file, repeats_text] = process.argv.slice(2)
if (!page_file || !out_file) {
  console.error('usage: node performance.mjs MAP.html OUT.json [REPEATS]')
  process.exit(2)
}
const repeats = Math.max(1, Number(repeats_text ?? 3))
const address = pathToFileURL(resolve(page_file)).href
/** Milliseconds; several times what an idle machine of two cores without a graphics card needs. */
const LIMITS = { first_paint: 15_000, map_first: 30_000, frame_median: 1_000 }

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null
const share = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? null
const rounded = value => (value === null ? null : Math.round(value * 10) / 10)

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist',
    '--disable-background-networking', '--disable-component-update'
  ]
})

/** Keeps what the browser tells about long tasks from the very beginning. */
function watch() {
  window.tasks = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.tasks.push([entry.startTime, entry.duration])
  }).observe({ type: 'longtask', buffered: true })
}

const whole_browser = await browser.newBrowserCDPSession()

/** Processor time so far in milliseconds: of the pages, and of the software renderer. */
async function processor() {
  const { processInfo } = await whole_browser.send('SystemInfo.getProcessInfo')
  const of = type => processInfo.filter(one => one.type === type).reduce((sum, one) => sum + 1000 * one.cpuTime, 0)
  return { page: of('renderer'), renderer: of('GPU') }
}

const since = (now, before) => ({ page: now.page - before.page, renderer: now.renderer - before.renderer })

/** The times between frames of the page while `act` goes on, and the processor time of a frame. */
async function frames(page, act) {
  const before = await processor()
  await page.evaluate(() => {
    const at = []
    let last = requestAnimationFrame(function count(now) {
      at.push(now)
      last = requestAnimationFrame(count)
    })
    window.stop_counting = () => {
      cancelAnimationFrame(last)
      return at
    }
  })
  await act()
  const at = await page.evaluate(() => window.stop_counting())
  const times = at.slice(1).map((now, i) => now - at[i])
  const used = since(await processor(), before)
  return { times, page_cpu: used.page / Math.max(1, times.length), renderer_cpu: used.renderer / Math.max(1, times.length) }
}

async function once() {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 } })
  const page = await context.newPage()
  const at_start = await processor()
  const errors = []
  page.on('console', message => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', error => errors.push(String(error)))
  await page.addInitScript(watch)
  await page.goto(address)
  await page.waitForFunction(() => performance.getEntriesByName('gandan-map-complete').length > 0, null, { timeout: 120_000 })
  const opening = await page.evaluate(() => {
    const at = name => performance.getEntriesByName(name)[0]?.startTime ?? null
    const first_map = at('gandan-map-first')
    // The page answers again once the long task in which the map was first drawn is over.
    const blocking = window.tasks.filter(([start]) => start <= first_map).map(([start, length]) => start + length)
    return {
      first_paint: at('first-contentful-paint'),
      data_read: at('gandan-run-read'),
      map_first: first_map,
      interactive: Math.max(first_map, ...blocking),
      map_complete: at('gandan-map-complete'),
      colour_cells: performance.getEntriesByName('gandan-cells-coloured')[0]?.duration ?? null,
      longest_task: Math.max(0, ...window.tasks.map(([, length]) => length))
    }
  })
  const opening_cpu = since(await processor(), at_start)
  // Whatever is put off until the map stands.
  await page.waitForTimeout(1500)
  const box = await page.locator('.map canvas').first().boundingBox()
  const middle = [box.x + box.width / 2, box.y + box.height / 2]
  const panning = await frames(page, async () => {
    for (let turn = 0; turn < 4; turn++) {
      const [dx, dy] = [[-1, 0], [0, -1], [1, 0], [0, 1]][turn]
      await page.mouse.move(...middle)
      await page.mouse.down()
      for (let step = 1; step <= 25; step++) await page.mouse.move(middle[0] + dx * step * 8, middle[1] + dy * step * 8)
      await page.mouse.up()
    }
  })
  const zooming = await frames(page, async () => {
    await page.mouse.move(...middle)
    for (const direction of [-1, 1]) {
      for (let step = 0; step < 20; step++) {
        await page.mouse.wheel(0, direction * 100)
        await page.waitForTimeout(30)
      }
    }
    await page.waitForTimeout(500)
  })
  const cells = await page.evaluate(() => performance.getEntriesByName('gandan-run-read')[0]?.detail ?? null)
  const memory = await page.evaluate(() => performance.memory?.usedJSHeapSize ?? null)
  await context.close()
  return { opening, opening_cpu, panning, zooming, cells, memory, errors }
}

const runs = []
for (let i = 0; i < repeats; i++) runs.push(await once())
await browser.close()

const middle_of = pick => rounded(median(runs.map(pick).filter(value => value !== null)))
const frame_times = pick => ({
  median: middle_of(run => median(pick(run).times)),
  p95: middle_of(run => share(pick(run).times, 0.95)),
  frames: middle_of(run => pick(run).times.length),
  page_cpu_per_frame: middle_of(run => pick(run).page_cpu),
  renderer_cpu_per_frame: middle_of(run => pick(run).renderer_cpu)
})
const result = {
  page: page_file,
  page_mb: rounded(statSync(page_file).size / 1e6),
  data: runs[0].cells,
  machine: { cores: cpus().length, model: cpus()[0]?.model ?? '', load: loadavg()[0], renderer: 'SwiftShader' },
  repeats,
  opening_ms: Object.fromEntries(Object.keys(runs[0].opening).map(key => [key, middle_of(run => run.opening[key])])),
  opening_cpu_ms: { page: middle_of(run => run.opening_cpu.page), renderer: middle_of(run => run.opening_cpu.renderer) },
  panning_ms: frame_times(run => run.panning),
  zooming_ms: frame_times(run => run.zooming),
  heap_mb: middle_of(run => (run.memory === null ? null : run.memory / 1e6)),
  errors: runs.flatMap(run => run.errors)
}
writeFileSync(out_file, `${JSON.stringify(result, null, 2)}\n`)
console.log(readFileSync(out_file, 'utf8'))

const faults = [
  result.errors.length > 0 && `errors on the console: ${result.errors.join(' | ')}`,
  !(result.opening_ms.first_paint <= LIMITS.first_paint) && `first paint after ${result.opening_ms.first_paint} ms`,
  !(result.opening_ms.map_first <= LIMITS.map_first) && `the map after ${result.opening_ms.map_first} ms`,
  !(result.panning_ms.median <= LIMITS.frame_median) && `a frame of panning takes ${result.panning_ms.median} ms`,
  !(result.zooming_ms.median <= LIMITS.frame_median) && `a frame of zooming takes ${result.zooming_ms.median} ms`
].filter(Boolean)
for (const fault of faults) console.error(`FAILED ${fault}`)
process.exitCode = faults.length > 0 ? 1 : 0
