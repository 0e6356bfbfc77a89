import { coreSubject } from './core.js'
import type { Subject, SubjectName, SubjectOptions } from './subject.js'
import { wireSubject } from './wire.js'

export async function startSubject(name: SubjectName, options: SubjectOptions): Promise<Subject> {
  return name === 'core' ? coreSubject(options) : wireSubject(name, options)
}
