// What a training script needs around the loop.
#pragma once

#include <xgrad/train/averaged_model.hpp>
#include <xgrad/train/checkpoint.hpp>
#include <xgrad/train/early_stopping.hpp>
#include <xgrad/train/event_file.hpp>
#include <xgrad/train/interrupt.hpp>
#include <xgrad/train/lr_finder.hpp>
#include <xgrad/train/metric.hpp>
#include <xgrad/train/metrics.hpp>
#include <xgrad/train/metrics_of_classes.hpp>
#include <xgrad/train/metrics_of_values.hpp>
#include <xgrad/train/progress.hpp>
#include <xgrad/train/report.hpp>
#include <xgrad/train/summary.hpp>
