/** Name of the channel by which threads tell what their guards refused. */
export const refusalChannel = 'intramuros-egress-refusals';
