import { Digits } from '../digits.ts';
import { NUMBER, type Page } from '../page.ts';
import { findAddresses } from './address.ts';
import { findBank } from './bank.ts';
import { findBirthDates, findDatesOfPersons } from './birth.ts';
import { findCodes } from './codes.ts';
import { findMachineZones } from './machine-zone.ts';
import { findNetwork } from './network.ts';
import { findCard, findCompany, findHealth, findNir, findPapers, findTaxNumber } from './numbers.ts';
import { findOrganisations } from './organisations.ts';
import { findNamesAgain, findPersons } from './persons.ts';
import { findPhone } from './phone.ts';
import { findPlaces } from './places.ts';
import { findPositions } from './positions.ts';
import { findSecrets } from './secrets.ts';

const numberFinders = [findNir, findCompany, findCard, findTaxNumber, findHealth, findPapers, findPhone];

/** Every place where digits begin is shown to each finder of numbers: there is one pass, and no way back. */
function findNumbers(page: Page): void {
  const digits = new Digits(page);
  for (let token = 0; token < page.count; token += 1) {
    if ((token & 4095) === 0) page.onTime();
    if (!page.is(token, NUMBER)) continue;
    digits.read(token);
    const isAbroad =
      page.codes[digits.start - 1] === 43 || page.codes[digits.start - 1] === 40 || digits.text.startsWith('00');
    if (digits.text.length < 9 && !isAbroad) continue;
    for (const find of numberFinders) find(digits);
  }
}

/** What looks at a text, one line a kind of thing. */
export const finders: readonly ((page: Page) => void)[] = [
  findNumbers,
  findBank,
  findCodes,
  findMachineZones,
  findNetwork,
  findPositions,
  findSecrets,
  findBirthDates,
  findAddresses,
  findOrganisations,
  findPersons,
  findNamesAgain,
  findDatesOfPersons,
  findPlaces,
];
