/** How far a set-up goes; each level includes those before it. */
export const levels = /** @type {const} */ (['deps', 'build', 'run', 'test', 'verify']);

/** @typedef {typeof levels[number]} Level */

/**
 * Whether `text` names a level.
 * @param {string} text
 * @returns {text is Level}
 */
export function isLevel(text) {
  return levels.some((level) => level === text);
}

/**
 * Whether a set-up to `level` goes as far as `other`.
 * @param {Level} level
 * @param {Level} other
 */
export function includes(level, other) {
  return levels.indexOf(level) >= levels.indexOf(other);
}
