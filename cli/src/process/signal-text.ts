/**
 * Signals that end programs, in the words of Go and of shells.
 * @module
 */

const NAMES: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
}

/** "signal: killed". */
export function signalText(signal: NodeJS.Signals): string {
  return `signal: ${NAMES[signal] ?? signal}`
}
