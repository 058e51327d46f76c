/** Waiting, and asking again. */

const TRIES = 5;
const ASK_AGAIN_SECONDS = 2;

/** Wait as long as the shop said after an error, or a moment when it said nothing. */
export function aWhile(error) {
  return seconds(error.retryAfter ?? ASK_AGAIN_SECONDS);
}

export function seconds(count) {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

/** Do what is safe to repeat; again, a few times, while another request (of another tab, say) is at work on the same. */
export async function patiently(action) {
  for (let triesLeft = TRIES - 1; ; triesLeft--) {
    try {
      return await action();
    } catch (error) {
      if (!error.isBusy || !triesLeft) throw error;
      await aWhile(error);
    }
  }
}
