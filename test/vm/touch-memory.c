/* touch-memory ALL HOT PERIOD: has ALL megabytes and writes to each page of HOT of them every PERIOD milliseconds. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **args) {
	if (count != 4) return 2;
	size_t all = strtoul(args[1], NULL, 10) << 20, hot = strtoul(args[2], NULL, 10) << 20;
	volatile char *memory = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) return 1;
	madvise((void *)memory, all, MADV_NOHUGEPAGE);
	memset((void *)memory, 1, all);
	for (;;) {
		for (size_t at = 0; at < hot; at += 4096) memory[at]++;
		usleep(strtoul(args[3], NULL, 10) * 1000);
	}
}
