/** Symbols of the map and its legend, drawn here so that nothing has to be fetched. Told apart by shape, not colour alone. */

export const ICONS = ['fixed', 'opened-now', 'opened-before', 'opens-later', 'eligible', 'review', 'refused', 'uncovered'] as const
export type Icon = (typeof ICONS)[number]

const SIZE = 28
export const ICON_PIXEL_RATIO = 3

const INK = '#16202b'
const NOW = '#d6336c'
const BEFORE = '#0b5345'

function star(context: CanvasRenderingContext2D, radius: number): void {
  context.beginPath()
  for (let i = 0; i < 10; i++) {
    const r = i % 2 === 0 ? radius : radius * 0.48
    const angle = (i * Math.PI) / 5 - Math.PI / 2
    context.lineTo(r * Math.cos(angle), r * Math.sin(angle))
  }
  context.closePath()
}

function diamond(context: CanvasRenderingContext2D, radius: number): void {
  context.beginPath()
  context.moveTo(0, -radius)
  context.lineTo(radius, 0)
  context.lineTo(0, radius)
  context.lineTo(-radius, 0)
  context.closePath()
}

function shape(context: CanvasRenderingContext2D, icon: Icon): void {
  const paint = (fill: string, line: string, width: number) => {
    context.fillStyle = fill
    context.strokeStyle = line
    context.lineWidth = width
    context.stroke()
    context.fill()
  }
  const circle = (radius: number) => {
    context.beginPath()
    context.arc(0, 0, radius, 0, 2 * Math.PI)
  }
  const mark = (sign: string, colour: string, size: number) => {
    context.fillStyle = colour
    context.font = `700 ${size}px system-ui, sans-serif`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillText(sign, 0, 0.5)
  }
  switch (icon) {
    case 'fixed':
      context.beginPath()
      context.rect(-6, -6, 12, 12)
      paint(INK, '#ffffff', 3.5)
      break
    case 'opened-now':
      star(context, 11.5)
      paint(NOW, '#ffffff', 3.5)
      break
    case 'opened-before':
      circle(6)
      paint(BEFORE, '#ffffff', 3.5)
      break
    case 'opens-later':
      circle(4.5)
      paint('#ffffff', INK, 2.5)
      break
    case 'eligible':
      diamond(context, 5)
      paint('#ffffff', '#3f4b57', 2.5)
      break
    case 'review':
      circle(7)
      paint('#ffffff', '#3f4b57', 2)
      mark('?', '#16202b', 11)
      break
    case 'refused':
      context.lineCap = 'round'
      for (const [colour, width] of [['#ffffff', 5], ['#5b4636', 2.5]] as const) {
        context.strokeStyle = colour
        context.lineWidth = width
        context.beginPath()
        context.moveTo(-4, -4)
        context.lineTo(4, 4)
        context.moveTo(4, -4)
        context.lineTo(-4, 4)
        context.stroke()
      }
      break
    case 'uncovered':
      context.beginPath()
      context.moveTo(0, -9)
      context.lineTo(9.5, 7)
      context.lineTo(-9.5, 7)
      context.closePath()
      context.lineJoin = 'round'
      paint('#ffd43b', '#16202b', 2.5)
      context.translate(0, 2)
      mark('!', '#16202b', 11)
      break
  }
}

/** A canvas with the symbol in its middle. */
export function drawIcon(icon: Icon, ratio = ICON_PIXEL_RATIO): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = SIZE * ratio
  const context = canvas.getContext('2d')
  if (context) {
    context.scale(ratio, ratio)
    context.translate(SIZE / 2, SIZE / 2)
    shape(context, icon)
  }
  return canvas
}

/** The pixels of a symbol, for the map. */
export function iconPixels(icon: Icon): ImageData | null {
  const canvas = drawIcon(icon)
  return canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? null
}
