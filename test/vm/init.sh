#!/bin/busybox sh
# First process of the guest: mounts, loads the disk driver, unpacks the files of the first disk, runs
# the script in them, packs /result onto the second disk, powers off. Lines with @@vm are for the host.
export PATH=/bin HOME=/
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /result
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
echo "@@vm kernel $(cut -d' ' -f1 /proc/uptime)"
for module in $(cat /modules/order); do insmod "/modules/$module.ko"; done
tries=0
until [ -b /dev/vdb ] || [ $tries -eq 100 ]; do
  sleep 0.05
  tries=$((tries + 1))
done
tar -xf /dev/vda -C /
ip link set lo up
mount -t cgroup2 none /sys/fs/cgroup
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
cd /
echo "@@vm script $(cut -d' ' -f1 /proc/uptime)"
sh /script.sh </dev/null
status=$?
tar -cf /dev/vdb -C /result . || status=125
sync
echo "@@vm exit $status $(cut -d' ' -f1 /proc/uptime)"
poweroff -f
