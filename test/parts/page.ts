import type { Browser, BrowserContext, Page } from 'playwright-core';

/** A page in a browser, with a record of all that it asked for, said and complained of. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Addresses asked for, whatever came of them. */
  readonly requests: readonly string[];
  /** Errors of the console, refused policy included, and of scripts. */
  readonly complaints: readonly string[];
  /** What the page's status line said, in order; cleared by a reload. */
  announcements(): Promise<readonly string[]>;
}

export interface PageOptions {
  readonly locale?: 'fr-FR' | 'en-GB';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** What stands on the page once it is ready; the box for questions unless told. */
  readonly ready?: string;
}

export async function openPage(browser: Browser, address: string, options: PageOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    locale: options.locale ?? 'fr-FR',
    colorScheme: options.theme ?? 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.addInitScript(recordAnnouncements);
  // The keyboard of the machine that tests is nobody's: without it the page goes by the language.
  await page.addInitScript(() => Object.defineProperty(navigator, 'keyboard', { value: undefined }));
  await page.goto(address);
  await page.locator(options.ready ?? '.composer textarea').waitFor();
  return {
    page,
    context,
    requests,
    complaints,
    announcements: () => page.evaluate(() => (globalThis as unknown as { announced: string[] }).announced),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Runs in the page: notes every change inside any live region, as a screen reader would be told. */
function recordAnnouncements(): void {
  const announced: string[] = [];
  Object.assign(globalThis, { announced });
  const live =
    '[role=status], [role=alert], [role=log]:not([aria-live=off]), [aria-live=polite], [aria-live=assertive]';
  const Observer = (globalThis as unknown as { MutationObserver: new (take: (list: unknown[]) => void) => never })
    .MutationObserver as unknown as new (
    take: (
      records: { target: { parentElement: unknown; closest?: (s: string) => { textContent: string } | null } }[],
    ) => void,
  ) => { observe(target: unknown, options: object): void };
  new Observer((records) => {
    const regions = new Set<{ textContent: string }>();
    for (const { target } of records) {
      const element = (target.closest ? target : target.parentElement) as typeof target | null;
      const region = element?.closest?.(live);
      if (region) regions.add(region);
    }
    for (const region of regions) if (region.textContent) announced.push(region.textContent);
  }).observe((globalThis as unknown as { document: unknown }).document, {
    subtree: true,
    childList: true,
    characterData: true,
  });
}

/** Asks, and gives back once the answer has ended. */
export async function ask(page: Page, text: string, timeoutMs = 90_000): Promise<void> {
  const before = await page.locator('.answer').count();
  await send(page, text);
  await page.locator('.answer').nth(before).waitFor();
  await page.locator('.answer:last-child .acts').waitFor({ timeout: timeoutMs });
}

/** Asks, and gives back at once. */
export async function send(page: Page, text: string): Promise<void> {
  await page.locator('.composer textarea').fill(text);
  await page.locator('.composer textarea').press('Enter');
}

/** Words that no model shortens: `mot0 mot1 …`. */
export const numberedWords = (count: number): string => Array.from({ length: count }, (_, at) => `mot${at}`).join(' ');
