/**
 * Symbols of the map and its legend, drawn here so that nothing has to be fetched. They are told apart by their shape, so
 * that they can be read without colours.
 */
import type { Pattern } from '../palette'

export const ICONS = [
  'fixed', 'opened-now', 'opened-before', 'opens-later', 'closed', 'office', 'eligible', 'proposed', 'review', 'refused',
  'uncovered', 'new-point', 'overflow'
] as const
export type Icon = (typeof ICONS)[number]

const SIZE = 28
export const ICON_PIXEL_RATIO = 3

export const INK = '#16202b'
const GREY = '#3f4b57'
const NOW = '#c2255c'
const BEFORE = '#0b5345'
const WHITE = '#ffffff'

type Context = CanvasRenderingContext2D

function path(context: Context, ...points: [number, number][]): void {
  context.beginPath()
  points.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)))
}

function closed(context: Context, ...points: [number, number][]): void {
  path(context, ...points)
  context.closePath()
}

function circle(context: Context, radius: number): void {
  context.beginPath()
  context.arc(0, 0, radius, 0, 2 * Math.PI)
}

function star(context: Context, radius: number): void {
  closed(context, ...Array.from({ length: 10 }, (_, i): [number, number] => {
    const r = i % 2 === 0 ? radius : radius * 0.48
    const angle = (i * Math.PI) / 5 - Math.PI / 2
    return [r * Math.cos(angle), r * Math.sin(angle)]
  }))
}

const diamond = (context: Context, r: number) => closed(context, [0, -r], [r, 0], [0, r], [-r, 0])
const square = (context: Context, r: number) => closed(context, [-r, -r], [r, -r], [r, r], [-r, r])

/** Strokes and fills the path that was made last; the line lies around the fill. */
function paint(context: Context, fill: string, line: string, width: number): void {
  context.fillStyle = fill
  context.strokeStyle = line
  context.lineWidth = width
  context.stroke()
  context.fill()
}

/** Lines in ink with a white seam. */
function strokes(context: Context, colour: string, width: number, ...lines: [number, number][][]): void {
  context.lineCap = 'round'
  for (const [ink, wide] of [[WHITE, width + 2.5], [colour, width]] as const) {
    context.strokeStyle = ink
    context.lineWidth = wide
    for (const line of lines) {
      path(context, ...line)
      context.stroke()
    }
  }
}

function mark(context: Context, sign: string, size: number): void {
  context.fillStyle = INK
  context.font = `700 ${size}px system-ui, sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(sign, 0, 0.5)
}

const DRAWINGS: Record<Icon, (context: Context) => void> = {
  fixed(c) {
    square(c, 6)
    paint(c, INK, WHITE, 3.5)
  },
  'opened-now'(c) {
    star(c, 11.5)
    paint(c, NOW, WHITE, 3.5)
  },
  'opened-before'(c) {
    circle(c, 6)
    paint(c, BEFORE, WHITE, 3.5)
  },
  'opens-later'(c) {
    circle(c, 4.5)
    paint(c, WHITE, INK, 2.5)
  },
  closed(c) {
    circle(c, 6)
    paint(c, '#d3d6db', GREY, 2)
    strokes(c, GREY, 2, [[-7.5, 7.5], [7.5, -7.5]])
  },
  office(c) {
    // A house with a flat roof: walls, eaves, door.
    closed(c, [-6.5, 6.5], [-6.5, -2], [0, -8], [6.5, -2], [6.5, 6.5])
    c.lineJoin = 'round'
    paint(c, WHITE, INK, 2.2)
    c.fillStyle = INK
    c.fillRect(-1.8, 1, 3.6, 5.5)
  },
  eligible(c) {
    diamond(c, 5)
    paint(c, WHITE, GREY, 2.5)
  },
  proposed(c) {
    diamond(c, 7.5)
    paint(c, '#e5dbff', '#5f3dc4', 2.2)
    c.fillStyle = '#5f3dc4'
    c.fillRect(-3.5, -0.9, 7, 1.8)
    c.fillRect(-0.9, -3.5, 1.8, 7)
  },
  review(c) {
    circle(c, 7)
    paint(c, WHITE, GREY, 2)
    mark(c, '?', 11)
  },
  refused(c) {
    strokes(c, '#5b4636', 2.5, [[-4, -4], [4, 4]], [[4, -4], [-4, 4]])
  },
  uncovered(c) {
    closed(c, [0, -9], [9.5, 7], [-9.5, 7])
    c.lineJoin = 'round'
    paint(c, '#ffd43b', INK, 2.5)
    c.translate(0, 2)
    mark(c, '!', 11)
  },
  'new-point'(c) {
    circle(c, 7)
    c.setLineDash([2.6, 1.8])
    paint(c, WHITE, INK, 2)
    c.fillStyle = INK
    c.fillRect(-4, -1, 8, 2)
    c.fillRect(-1, -4, 2, 8)
  },
  overflow(c) {
    closed(c, [0, -7], [6.5, 5], [-6.5, 5])
    c.lineJoin = 'round'
    paint(c, INK, WHITE, 3)
  }
}

/**
 * A canvas of a size in CSS pixels, drawn at a finer grain, with the origin in its middle. It is kept in main memory:
 * these pictures are small, and the map reads most of them back.
 */
function canvasOf(width: number, height: number, ratio: number, draw: (context: Context) => void): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context) {
    context.scale(ratio, ratio)
    context.translate(width / 2, height / 2)
    draw(context)
  }
  return canvas
}

/** A canvas with the symbol in its middle. */
export function drawIcon(icon: Icon, ratio = ICON_PIXEL_RATIO): HTMLCanvasElement {
  return canvasOf(SIZE, SIZE, ratio, DRAWINGS[icon])
}

/** The pixels of a symbol, for the map. */
export function iconPixels(icon: Icon): ImageData | null {
  const canvas = drawIcon(icon)
  return canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? null
}

/** Side of the tile of a pattern, in pixels; the cells' shader draws the same. */
export const PATTERN_PX = 6

/** A tile of a colour with a pattern, to be repeated. */
export function patternTile(colour: string, pattern: Pattern, ratio: number): HTMLCanvasElement {
  const side = PATTERN_PX
  return canvasOf(side, side, ratio, context => {
    context.translate(-side / 2, -side / 2)
    context.fillStyle = colour
    if (pattern !== 'hatched') context.fillRect(0, 0, side, side)
    if (pattern === 'dotted') {
      context.fillStyle = 'rgb(0 0 0 / 45%)'
      context.fillRect(0, 0, 1.6, 1.6)
      context.fillRect(side / 2, side / 2, 1.6, 1.6)
    }
    if (pattern === 'hatched') {
      context.globalAlpha = 0.22
      context.fillRect(0, 0, side, side)
      context.globalAlpha = 0.85
      context.strokeStyle = colour
      context.lineWidth = 1.5
      // The corners too, so that the lines go on in the next tile.
      for (const shift of [-side, 0, side]) {
        path(context, [shift, side], [shift + side, 0])
        context.stroke()
      }
    }
  })
}

/** The pixels of a pattern, for the map. */
export function patternPixels(colour: string, pattern: Pattern, ratio = 2): ImageData | null {
  const canvas = patternTile(colour, pattern, ratio)
  return canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? null
}

/** How something looks on the map, for its legend. */
export type LegendSymbol =
  | { kind: 'icon'; icon: Icon }
  | { kind: 'area'; colour: string; pattern: Pattern; edge?: string }
  | { kind: 'line'; colour: string; casing?: string; width: number; dash?: readonly number[] }
  | { kind: 'circle'; colour: string; radius: number; overflow?: boolean }

/** Draws a symbol of a legend; its size in CSS pixels stands in its style. */
export function drawSymbol(symbol: LegendSymbol, ratio = 2): HTMLCanvasElement {
  switch (symbol.kind) {
    case 'icon':
      return drawIcon(symbol.icon, ratio)
    case 'area':
      return canvasOf(28, 16, ratio, context => {
        const tile = patternTile(symbol.colour, symbol.pattern, ratio)
        const fill = context.createPattern(tile, 'repeat')
        // The tile has the canvas's own grain.
        fill?.setTransform(new DOMMatrix().scale(1 / ratio))
        context.fillStyle = fill ?? symbol.colour
        context.fillRect(-13, -7, 26, 14)
        context.strokeStyle = symbol.edge ?? '#5c6670'
        context.lineWidth = 1
        context.strokeRect(-13, -7, 26, 14)
      })
    case 'line':
      return canvasOf(28, 16, ratio, context => {
        const lines: [string, number][] = [[symbol.colour, symbol.width]]
        if (symbol.casing) lines.unshift([symbol.casing, symbol.width + 2])
        if (symbol.dash) context.setLineDash(symbol.dash.map(d => d * symbol.width))
        for (const [colour, width] of lines) {
          context.strokeStyle = colour
          context.lineWidth = width
          path(context, [-14, 0], [14, 0])
          context.stroke()
        }
      })
    case 'circle': {
      const side = Math.max(20, Math.ceil(2 * symbol.radius + 4))
      return canvasOf(Math.max(28, side), side, ratio, context => {
        circle(context, symbol.radius)
        context.globalAlpha = 0.85
        context.fillStyle = symbol.colour
        context.fill()
        context.globalAlpha = 1
        context.strokeStyle = INK
        context.lineWidth = 1.5
        context.stroke()
        if (symbol.overflow) {
          context.scale(0.8, 0.8)
          DRAWINGS.overflow(context)
        }
      })
    }
  }
}
