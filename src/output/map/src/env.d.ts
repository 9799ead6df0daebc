declare module 'virtual:maplibre-worker' {
  /** MapLibre's worker as the text of a classic script. */
  const source: string
  export default source
}
