import { readFileSync } from 'node:fs'

export interface Target {
  readonly expr: string
  /** `{{label}}` stands for the value of a label. */
  readonly legendFormat: string
}

/** A panel of the dashboard, as far as it is drawn here. */
export interface Panel {
  readonly title: string
  readonly type: 'stat' | 'timeseries' | 'table'
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets: readonly Target[]
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string
      readonly mappings?: readonly {
        readonly options: Readonly<Record<string, { readonly text: string; readonly color: string }>>
      }[]
      readonly custom?: {
        readonly stacking: { readonly mode: string }
        readonly scaleDistribution?: { readonly type: 'log' | 'linear' }
      }
    }
    /** Colours of lines, by name. */
    readonly overrides: readonly {
      readonly matcher: { readonly options: string }
      readonly properties: readonly { readonly value: { readonly fixedColor: string } }[]
    }[]
  }
}

export const DASHBOARD: URL = new URL('../grafana/dashboards/countersign.json', import.meta.url)

/** The panels of the dashboard that Grafana is given. */
export function readPanels(): readonly Panel[] {
  const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(readFileSync(DASHBOARD, 'utf8'))
  return panels
}

/** A query without Grafana's variables: every service, and rates over `rateInterval`. */
export function plainQuery(expr: string, rateInterval: string): string {
  return expr.replaceAll('$__rate_interval', rateInterval).replaceAll('$service', '.*')
}

export function legendOf(format: string, labels: Readonly<Record<string, string>>): string {
  return format.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? '').trim()
}
