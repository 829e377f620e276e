/*
 * resctrl-sim MOUNT_POINT [--layout=NAME] [--OPTION=VALUE]...
 *
 * Mounts a simulated resctrl, prints "mounted" and serves it until it is unmounted or the process that
 * started it ends. See README.md.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tree.h"

/* The kernel takes no more of a write at once. */
enum { MAX_WRITE = 4096 };

/* An open file. Its text is made when it is read from the start, and kept for what is read after it. */
struct handle {
	struct node node;
	struct text text;
};

static struct sim *sim_of_context(void)
{
	return fuse_get_context()->private_data;
}

static struct handle *handle_of(const struct fuse_file_info *info)
{
	return (struct handle *)(uintptr_t)info->fh;
}

static bool is_gone(const struct handle *handle)
{
	return handle->node.group && handle->node.group->removed;
}

static void *op_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	/* The tree changes by itself, so nothing is to be remembered of it. */
	config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
	config->direct_io = 1;
	config->use_ino = 1;
	config->hard_remove = 1;
	config->nullpath_ok = 1;
	puts("mounted");
	fflush(stdout);
	return sim_of_context();
}

static void fill_stat(const struct node *node, struct stat *stat)
{
	*stat = (struct stat){.st_ino = inode_of(node), .st_nlink = 1};
	if (node->file) stat->st_mode = S_IFREG | (node->file->write ? 0644 : 0444);
	else stat->st_mode = S_IFDIR | 0755, stat->st_nlink = 2;
}

static int op_getattr(const char *path, struct stat *stat, struct fuse_file_info *info)
{
	struct node node;
	int error = info && handle_of(info) ? 0 : find_node(sim_of_context(), path, &node);
	if (error) return error;
	fill_stat(info && handle_of(info) ? &handle_of(info)->node : &node, stat);
	return 0;
}

struct directory_list {
	void *buffer;
	fuse_fill_dir_t fill;
};

static void add_to_list(void *list, const struct node *node, const char *name)
{
	struct directory_list *directory = list;
	struct stat stat;
	fill_stat(node, &stat);
	directory->fill(directory->buffer, name, &stat, 0, 0);
}

static int op_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
	struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)path, (void)offset, (void)flags;
	const struct handle *handle = handle_of(info);
	if (is_gone(handle)) return -ENOENT;
	struct directory_list list = {buffer, fill};
	fill(buffer, ".", NULL, 0, 0);
	fill(buffer, "..", NULL, 0, 0);
	list_directory(sim_of_context(), &handle->node, add_to_list, &list);
	return 0;
}

/* Even root: the kernel's extra check for files that have no such operation. */
static bool may_open(const struct file *file, int flags)
{
	int mode = flags & O_ACCMODE;
	return mode == O_RDONLY || file->write;
}

static int open_node(const struct node *node, struct fuse_file_info *info)
{
	struct handle *handle = calloc(1, sizeof *handle);
	if (!handle) return -ENOMEM;
	handle->node = *node;
	if (node->group) node->group->handles++;
	info->fh = (uintptr_t)handle;
	return 0;
}

static int op_open(const char *path, struct fuse_file_info *info)
{
	struct node node;
	int error = find_node(sim_of_context(), path, &node);
	if (error) return error;
	if (!node.file) return -EISDIR;
	return may_open(node.file, info->flags) ? open_node(&node, info) : -EACCES;
}

static int op_opendir(const char *path, struct fuse_file_info *info)
{
	struct node node;
	int error = find_node(sim_of_context(), path, &node);
	if (error) return error;
	return node.file ? -ENOTDIR : open_node(&node, info);
}

static int op_release(const char *path, struct fuse_file_info *info)
{
	(void)path;
	struct handle *handle = handle_of(info);
	if (handle->node.group) release_group(handle->node.group);
	text_free(&handle->text);
	free(handle);
	return 0;
}

static int make_text(struct sim *sim, struct handle *handle)
{
	const struct node *node = &handle->node;
	text_clear(&handle->text);
	if (!node->file->hidden) {
		bool data = node->place == P_MON_CACHE || node->place == P_MON_NODE;
		enum operation operation = data ? OP_MON_READS : OP_READS;
		sim->operations[operation]++;
		int fault = ordered_fault(sim, operation, node->group);
		if (fault) return -fault;
	}
	return node->file->show(sim, node, &handle->text);
}

static int op_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	(void)path;
	struct handle *handle = handle_of(info);
	if (is_gone(handle)) return -ENODEV;
	int error = offset == 0 ? make_text(sim_of_context(), handle) : 0;
	if (error) return error;
	if ((size_t)offset >= handle->text.length) return 0;
	size_t left = handle->text.length - (size_t)offset;
	if (size > left) size = left;
	memcpy(buffer, handle->text.bytes + offset, size);
	return (int)size;
}

/* Counts the operation, and whether it is refused. */
static int finish(struct sim *sim, enum operation operation, int error)
{
	sim->operations[operation]++;
	if (error < 0) sim->refused++;
	return error;
}

static int write_text(struct sim *sim, const struct node *node, const char *bytes, size_t size)
{
	char words[MAX_WRITE + 1];
	if (size > MAX_WRITE) return -E2BIG;
	memcpy(words, bytes, size);
	words[size] = '\0';
	if (node->file->needs_newline) {
		if (size == 0 || words[size - 1] != '\n') return -EINVAL;
		words[size - 1] = '\0';
	}
	return node->file->write(sim, node, words, fuse_get_context()->pid);
}

static int op_write(const char *path, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info)
{
	(void)path, (void)offset;
	struct sim *sim = sim_of_context();
	struct handle *handle = handle_of(info);
	const struct node *node = &handle->node;
	if (is_gone(handle)) return -ENODEV;
	if (node->file->hidden) {
		int refused = write_text(sim, node, bytes, size);
		return refused ? refused : (int)size;
	}
	int error = -ordered_fault(sim, node->file->operation, node->group);
	if (error) status_clear(sim);
	else error = write_text(sim, node, bytes, size);
	error = finish(sim, node->file->operation, error);
	return error ? error : (int)size;
}

/* Opening with O_TRUNC asks for it. */
static int op_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
	(void)path, (void)size, (void)info;
	return 0;
}

static int op_create(const char *path, mode_t mode, struct fuse_file_info *info)
{
	(void)path, (void)mode, (void)info;
	return -EACCES;
}

static int op_mknod(const char *path, mode_t mode, dev_t device)
{
	(void)path, (void)mode, (void)device;
	return -EPERM;
}

static int op_unlink(const char *path)
{
	(void)path;
	return -EPERM;
}

/* The directory of `path` and the name in it. */
static int find_parent(struct sim *sim, const char *path, struct node *parent, const char **name)
{
	char directory[4096];
	const char *slash = strrchr(path, '/');
	snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
	*name = slash + 1;
	return find_node(sim, directory, parent);
}

static int mkdir_in(struct sim *sim, const struct node *parent, const char *name)
{
	if (strchr(name, '\n')) return -EINVAL;
	if (strlen(name) >= NAME_BYTES) return -ENAMETOOLONG;
	bool control = can_allocate(sim) && parent->place == P_CONTROL && parent->group == sim->root;
	if (!control && !can_monitor(sim)) return -EPERM;
	if (!parent->group) return -ENODEV;
	status_clear(sim);
	if (!control && (parent->place != P_MON_GROUPS || !strcmp(name, "mon_groups"))) return -EPERM;
	int fault = ordered_fault(sim, OP_MKDIR, parent->group);
	if (fault) return status(sim, fault, fault == ENOSPC && control ? "Out of CLOSIDs\n" : "Out of RMIDs\n");
	return make_group(sim, parent->group, control, name);
}

static int op_mkdir(const char *path, mode_t mode)
{
	(void)mode;
	struct sim *sim = sim_of_context();
	struct node parent;
	const char *name;
	int error = find_parent(sim, path, &parent, &name);
	if (error) return error;
	return finish(sim, OP_MKDIR, mkdir_in(sim, &parent, name));
}

static int rmdir_node(struct sim *sim, const struct node *node)
{
	if (node->file) return -ENOTDIR;
	bool group = node->place == P_CONTROL || node->place == P_MON;
	if (!group || node->group == sim->root) return -EPERM;
	int fault = ordered_fault(sim, OP_RMDIR, node->group);
	return fault ? -fault : remove_group(sim, node->group);
}

static int op_rmdir(const char *path)
{
	struct sim *sim = sim_of_context();
	struct node node;
	int error = find_node(sim, path, &node);
	if (error) return error;
	return finish(sim, OP_RMDIR, rmdir_node(sim, &node));
}

static int rename_node(struct sim *sim, const struct node *node, const struct node *parent, const char *name)
{
	if (in_info(node) || in_info(parent)) return -ENOENT;
	status_clear(sim);
	if (node->file) return status(sim, EPERM, "Source and destination must be directories");
	if (node->place != P_MON) return status(sim, EPERM, "Source must be a MON group\n");
	if (parent->place != P_MON_GROUPS || !strcmp(name, "mon_groups")) {
		return status(sim, EPERM, "Destination must be a mon_groups subdirectory\n");
	}
	int fault = ordered_fault(sim, OP_RENAME, node->group);
	return fault ? -fault : move_group(sim, node->group, parent->group, name);
}

static int op_rename(const char *from, const char *to, unsigned flags)
{
	struct sim *sim = sim_of_context();
	struct node node, parent;
	const char *name;
	if (flags) return -EINVAL;
	int error = find_node(sim, from, &node);
	if (!error) error = find_parent(sim, to, &parent, &name);
	if (error) return error;
	return finish(sim, OP_RENAME, rename_node(sim, &node, &parent, name));
}

static const struct fuse_operations OPERATIONS_OF_FUSE = {
	.init = op_init,
	.getattr = op_getattr,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.releasedir = op_release,
	.open = op_open,
	.release = op_release,
	.read = op_read,
	.write = op_write,
	.truncate = op_truncate,
	.create = op_create,
	.mknod = op_mknod,
	.unlink = op_unlink,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.rename = op_rename,
};

/* The mount's source names this process, so that the mount of one that was killed can be told. */
static struct fuse *mount_sim(struct sim *sim, const char *program, const char *directory)
{
	char source[64];
	snprintf(source, sizeof source, "-ofsname=resctrl-sim:%d", getpid());
	char *words[] = {(char *)program, source, "-osubtype=resctrl", "-oallow_other", "-odefault_permissions", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(5, words);
	struct fuse *fuse = fuse_new(&args, &OPERATIONS_OF_FUSE, sizeof OPERATIONS_OF_FUSE, sim);
	fuse_opt_free_args(&args);
	if (!fuse || fuse_mount(fuse, directory)) return NULL;
	return fuse;
}

int main(int count, char **words)
{
	static struct sim sim;
	/* Whoever started this may have ended before the request took hold. */
	pid_t parent = getppid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) return 1;
	if (count < 2 || !read_options(&sim.machine, count - 2, words + 2)) return 2;
	start_sim(&sim);
	struct fuse *fuse = mount_sim(&sim, words[0], words[1]);
	if (!fuse || fuse_set_signal_handlers(fuse_get_session(fuse))) return 1;
	int result = fuse_loop(fuse);
	fuse_unmount(fuse);
	fuse_destroy(fuse);
	return result < 0;
}
