import { type SendRequest } from '../leg/leg.ts';
import { EdgeLostError } from './errors.ts';

/** Sends as `first` does; when the edge behind that is gone, as `second` does. */
export function orElse(first: SendRequest, second: SendRequest): SendRequest {
  return (request, events) => {
    let sent = first(request, {
      ...events,
      failed: (error) => {
        if (error instanceof EdgeLostError) sent = second(request, events);
        else events.failed(error);
      },
    });
    return { cancel: (headers) => sent.cancel(headers) };
  };
}
