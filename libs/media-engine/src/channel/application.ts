import { type SoundLibrary } from '../sound/sound-library.ts';
import { type Variables } from './variables.ts';

/** What an application can do to its call. */
export interface ApplicationContext {
  readonly variables: Variables;
  readonly sounds: SoundLibrary;
  /** Tells of something, with the call's headers and variables around it. */
  emit(name: string, headers: Readonly<Record<string, string>>): void;
}

/** How an application ends: what `Application-Response` says. */
export type Outcome = '_none_' | 'FILE PLAYED' | 'FILE NOT FOUND' | 'PLAYBACK ERROR';

/** What one beat of an application comes to: a frame to be heard (undefined for silence), or its end. */
export type Beat =
  | { readonly kind: 'frame'; readonly samples: Int16Array | undefined }
  | { readonly kind: 'done'; readonly outcome: Outcome };

/** An application that takes time. Those below it in a call's stack wait until it is done. */
export interface RunningApplication {
  /** Called every 20 ms while it is on top; `heard` is what the caller said. */
  beat(heard: Int16Array | undefined): Beat;
  /** Ends it at once: somebody asked for it, or the call is over. */
  stop(why: 'break' | 'hangup'): Outcome;
}

/** One kind of application. */
export type ApplicationKind =
  | { readonly kind: 'instant'; readonly run: (context: ApplicationContext, argument: string) => Outcome }
  | { readonly kind: 'running'; readonly start: (context: ApplicationContext, argument: string) => RunningApplication };
