package soar

import (
	"context"
)

// post sends what makes an object. Whenever an answer was lost, look asks for the
// object's id ("": there is none) before it is posted again: a store need not know
// that it is the same. What is there after an answer that may have been lost on
// its way was made by this call; existed is true for what was there before.
func (c *caller) post(ctx context.Context, call *request, look func(sender) (ID, error)) (id ID, existed bool, err error) {
	var answer created
	call.accept = c.acceptCreated(call, &answer)
	b := startBudget(c, call.body.size())
	posted, own, found := false, false, ID("")
	err = c.persist(ctx, b, func() (err error) {
		if posted {
			found, err = look(func(call *request) error { return c.once(ctx, b, call) })
			if err != nil || found != "" {
				return err
			}
		}
		err = c.once(ctx, b, call)
		posted, own = posted || is(err, lost), own || unsure(err)
		return err
	})
	if is(err, conflict) { // a success when it is ours, and not when it is another's
		if found, lookErr := look(c.sender(ctx)); lookErr != nil || found != "" {
			return found, !own, lookErr
		}
	}
	switch {
	case err != nil:
		return "", false, err
	case found != "":
		return found, !own, nil
	}
	return answer.ID, answer.Existed && !own, nil
}
