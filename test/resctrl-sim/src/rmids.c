/* Monitoring ids. That of a removed group is in limbo while the cache is thought to hold lines of it. */
#include <errno.h>

#include "sim.h"

static bool is_clean(const struct sim *sim, const struct rmid *rmid)
{
	return rmid->attempts_left == 0 && simulated_ns(sim) / 1000000 >= rmid->clean_at_ms;
}

/* The one that has been free for longest; EBUSY if time alone could free one, else ENOSPC. */
int take_rmid(struct sim *sim)
{
	struct rmid *oldest = NULL;
	bool limbo = false;
	for (unsigned i = 1; i < sim->machine.rmids; i++) {
		struct rmid *rmid = &sim->rmids[i];
		if (rmid->state == RMID_LIMBO && is_clean(sim, rmid)) rmid->state = RMID_FREE;
		if (rmid->state == RMID_LIMBO) limbo = true;
		if (rmid->state == RMID_FREE && (!oldest || rmid->freed < oldest->freed)) oldest = rmid;
	}
	if (oldest) {
		oldest->state = RMID_USED;
		return (int)(oldest - sim->rmids);
	}
	for (unsigned i = 1; i < sim->machine.rmids; i++) {
		if (sim->rmids[i].state == RMID_LIMBO && sim->rmids[i].attempts_left > 0) sim->rmids[i].attempts_left--;
	}
	return limbo ? -EBUSY : -ENOSPC;
}

void give_rmid_back(struct sim *sim, unsigned index)
{
	if (index == 0) return;
	struct rmid *rmid = &sim->rmids[index];
	rmid->freed = ++sim->rmids_freed;
	/* Without occupancy the kernel cannot know, and takes it at once. */
	if (!sim->machine.events[LLC_OCCUPANCY]) {
		rmid->state = RMID_FREE;
		return;
	}
	rmid->state = RMID_LIMBO;
	rmid->attempts_left = sim->machine.limbo_attempts;
	rmid->clean_at_ms = simulated_ns(sim) / 1000000 + sim->machine.limbo_ms;
}
