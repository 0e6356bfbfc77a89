/** What the images are made of that docker-compose.yml and its Dockerfile name, one profile of it aside: Grafana is not needed. */
export function baseImages(composeFile: string, dockerfile: string): readonly string[] {
  const named = [...composeFile.matchAll(/^ {4}image: (\S+)$/gm)].map(([, name = '']) => name)
  const base = /^ARG NODE_IMAGE=(\S+)$/m.exec(dockerfile)?.[1]
  if (base === undefined) throw new Error('the Dockerfile names no NODE_IMAGE')
  const foreign = named.filter((name) => !name.startsWith('countersign-') && !name.startsWith('grafana/'))
  return [base, ...new Set(foreign)]
}
