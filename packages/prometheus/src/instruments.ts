import { ConfigurationError } from '@countersign/core'
import { Counter, Gauge, Histogram, type Metric } from 'prom-client'
import type { MetricsRegister } from './options.js'

interface Definition {
  /** Without the prefix. */
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

/** How the processes of one cluster come together to one value, in prom-client's `AggregatorRegistry`. */
type Aggregator = 'min' | 'max' | 'sum'

/** The metrics of one collector: made in no registry, then put into one all together or not at all. */
export class Instruments {
  readonly #prefix: string
  readonly #metrics = new Map<string, Metric>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** @param collect - called at each scrape */
  counter(definition: Definition, collect?: (counter: Counter) => void | Promise<void>): Counter {
    return this.#keep(
      new Counter({
        ...this.#configuration(definition),
        ...(collect && {
          collect() {
            return collect(this)
          },
        }),
      }),
      definition,
    )
  }

  /** A gauge that is filled anew at each scrape: what is not there any more has no series. */
  gauge(definition: Definition, aggregator: Aggregator, collect: (gauge: Gauge) => void | Promise<void>): Gauge {
    return this.#keep(
      new Gauge({
        ...this.#configuration(definition),
        aggregator,
        collect() {
          return collect(this)
        },
      }),
      definition,
    )
  }

  histogram(definition: Definition, buckets: readonly number[]): Histogram {
    return this.#keep(new Histogram({ ...this.#configuration(definition), buckets: [...buckets] }), definition)
  }

  /** @throws {ConfigurationError} where one of the names is taken: nothing is registered then */
  register(register: MetricsRegister): void {
    const taken = [...this.#metrics.keys()].find((name) => register.getSingleMetric(name) !== undefined)
    if (taken !== undefined) {
      throw new ConfigurationError(
        'register',
        `has ${taken} already; give one collector all verifiers, or this one another registry or prefix`,
      )
    }
    for (const metric of this.#metrics.values()) register.registerMetric(metric)
  }

  unregister(register: MetricsRegister): void {
    for (const name of this.#metrics.keys()) register.removeSingleMetric(name)
  }

  #configuration({ name, help, labels }: Definition) {
    return { name: this.#prefix + name, help, labelNames: [...labels], registers: [] }
  }

  #keep<M extends Metric>(metric: M, { name }: Definition): M {
    this.#metrics.set(this.#prefix + name, metric)
    return metric
  }
}
