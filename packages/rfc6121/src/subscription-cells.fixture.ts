/**
 * The 72 cells of RFC 6121, Appendix A.2 and A.3, written down apart from the table that is tested.
 *
 * event, state, whether the stanza is routed (out) or delivered (in), next state, whether the item changes visibly
 * (without counting `approved`), and the rest: `before:`/`after:` presence sent to the contact before or after the
 * stanza, `reply:` an automatic answer, `approve`/`unapprove` the pre-approval, `store-request`/`drop-request`.
 */
export const subscriptionCells = `
out:subscribe     none                 sent    none+pending-out     push
out:subscribe     none+pending-out     sent    none+pending-out     -
out:subscribe     none+pending-in      sent    none+pending-out+in  push
out:subscribe     none+pending-out+in  sent    none+pending-out+in  -
out:subscribe     to                   sent    to                   -
out:subscribe     to+pending-in        sent    to+pending-in        -
out:subscribe     from                 sent    from+pending-out     push
out:subscribe     from+pending-out     sent    from+pending-out     -
out:subscribe     both                 sent    both                 -
out:unsubscribe   none                 sent    none                 -
out:unsubscribe   none+pending-out     sent    none                 push
out:unsubscribe   none+pending-in      sent    none+pending-in      -
out:unsubscribe   none+pending-out+in  sent    none+pending-in      push
out:unsubscribe   to                   sent    none                 push
out:unsubscribe   to+pending-in        sent    none+pending-in      push
out:unsubscribe   from                 sent    from                 -
out:unsubscribe   from+pending-out     sent    from                 push
out:unsubscribe   both                 sent    from                 push
out:subscribed    none                 silent  none                 -     approve
out:subscribed    none+pending-out     silent  none+pending-out     -     approve
out:subscribed    none+pending-in      sent    from                 push  drop-request after:presence
out:subscribed    none+pending-out+in  sent    from+pending-out     push  drop-request after:presence
out:subscribed    to                   silent  to                   -     approve
out:subscribed    to+pending-in        sent    both                 push  drop-request after:presence
out:subscribed    from                 silent  from                 -
out:subscribed    from+pending-out     silent  from+pending-out     -
out:subscribed    both                 silent  both                 -
out:unsubscribed  none                 silent  none                 -     unapprove
out:unsubscribed  none+pending-out     silent  none+pending-out     -     unapprove
out:unsubscribed  none+pending-in      sent    none                 -     unapprove drop-request
out:unsubscribed  none+pending-out+in  sent    none+pending-out     -     unapprove drop-request
out:unsubscribed  to                   silent  to                   -     unapprove
out:unsubscribed  to+pending-in        sent    to                   -     unapprove drop-request
out:unsubscribed  from                 sent    none                 push  before:unavailable unapprove
out:unsubscribed  from+pending-out     sent    none+pending-out     push  before:unavailable unapprove
out:unsubscribed  both                 sent    to                   push  before:unavailable unapprove
in:subscribe      none                 sent    none+pending-in      -     store-request
in:subscribe      none+pending-out     sent    none+pending-out+in  -     store-request
in:subscribe      none+pending-in      silent  none+pending-in      -
in:subscribe      none+pending-out+in  silent  none+pending-out+in  -
in:subscribe      to                   sent    to+pending-in        -     store-request
in:subscribe      to+pending-in        silent  to+pending-in        -
in:subscribe      from                 silent  from                 -     reply:subscribed
in:subscribe      from+pending-out     silent  from+pending-out     -     reply:subscribed
in:subscribe      both                 silent  both                 -     reply:subscribed
in:unsubscribe    none                 silent  none                 -
in:unsubscribe    none+pending-out     silent  none+pending-out     -
in:unsubscribe    none+pending-in      sent    none                 -     drop-request reply:unsubscribed
in:unsubscribe    none+pending-out+in  sent    none+pending-out     -     drop-request reply:unsubscribed
in:unsubscribe    to                   silent  to                   -
in:unsubscribe    to+pending-in        sent    to                   -     drop-request reply:unsubscribed
in:unsubscribe    from                 sent    none                 push  after:unavailable reply:unsubscribed
in:unsubscribe    from+pending-out     sent    none+pending-out     push  after:unavailable reply:unsubscribed
in:unsubscribe    both                 sent    to                   push  after:unavailable reply:unsubscribed
in:subscribed     none                 silent  none                 -
in:subscribed     none+pending-out     sent    to                   push
in:subscribed     none+pending-in      silent  none+pending-in      -
in:subscribed     none+pending-out+in  sent    to+pending-in        push
in:subscribed     to                   silent  to                   -
in:subscribed     to+pending-in        silent  to+pending-in        -
in:subscribed     from                 silent  from                 -
in:subscribed     from+pending-out     sent    both                 push
in:subscribed     both                 silent  both                 -
in:unsubscribed   none                 silent  none                 -
in:unsubscribed   none+pending-out     sent    none                 push
in:unsubscribed   none+pending-in      silent  none+pending-in      -
in:unsubscribed   none+pending-out+in  sent    none+pending-in      push
in:unsubscribed   to                   sent    none                 push
in:unsubscribed   to+pending-in        sent    none+pending-in      push
in:unsubscribed   from                 silent  from                 -
in:unsubscribed   from+pending-out     sent    from                 push
in:unsubscribed   both                 sent    from                 push
`;
