/**
 * Charts as SVG text, drawn by echarts without a browser.
 *
 * Promises: one option gives one text, byte for byte, whatever was drawn before it in this process: running
 * ids are replaced by `ids`, which also keeps several charts apart on one page. The picture has a title and
 * a description for those who can't see it; no script, style or address is in it, so that it can be put
 * into a page, a slide or a README as it is. Foreign texts are escaped (by echarts, and here).
 * Does not: choose what is drawn (src/core/report/charts*.ts), or load echarts before something is.
 */
import type { ECharts, EChartsCoreOption } from 'echarts'

export interface SvgFrame {
  readonly width: number
  readonly height: number
  /** What the chart shows, and what can be read off it: the text alternative. */
  readonly title: string
  readonly description: string
  /** Begins every id in the text; default `c`. */
  readonly ids?: string
}

export async function drawSvg(option: Readonly<Record<string, unknown>>, frame: SvgFrame): Promise<string> {
  const chart = await blank(frame)
  try {
    chart.setOption({ ...option, animation: false } as EChartsCoreOption)
    return tidy(chart.renderToSVGString({ useViewBox: true }), frame)
  } finally {
    chart.dispose()
  }
}

/** One file, which loads four times as fast as the modules it is made of; only who draws pays for it. */
async function blank({ width, height }: SvgFrame): Promise<ECharts> {
  const { init } = await import('echarts/dist/echarts.esm.min.mjs')
  return init(null, null, { renderer: 'svg', ssr: true, width, height })
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/**
 * Hover styles and the classes they hang on mean nothing in a picture. Texts can't be touched by this: in
 * them every `<` and `"` is escaped.
 */
function tidy(svg: string, { title, description, ids = 'c' }: SvgFrame): string {
  const head = `<title>${escaped(title)}</title><desc>${escaped(description)}</desc>`
  return svg
    .replaceAll(/<style ?>.*?<\/style>\n?/gs, '')
    .replaceAll(/ (?:class="zr[^"]*"|ecmeta_[a-z_]+="[^"]*"|pointer-events="[^"]*"|baseProfile="full")/g, '')
    .replaceAll(/(?<=id="|url\(#)zr\d+-/g, `${ids}-`)
    .replace(/<svg ([^>]*)>/, (_, attributes: string) => `<svg role="img" ${attributes}>\n${head}`)
}
